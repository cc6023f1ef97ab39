import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Triple } from './stream-position.ts';

export interface Books {
  events_received: number;
  events_stored: number;
  events_duplicate: number;
  events_rejected: number;
  /** the first of those that are in none of the tables */
  missing: Triple[];
}

/** Gives up when nothing has come for this long. */
const PATIENCE_MS = 60_000;
const POLL_MS = 250;
const MISSING_SHOWN = 20;

const IN_TABLES = `
  with t as (select * from unnest($1::text[], $2::uuid[], $3::bigint[]) as t(producer, boot, n))
  select
    (select count(*)::int from t where exists (select from events e where (e.producer, e.boot, e.n) = (t.producer, t.boot, t.n))) as stored,
    (select count(*)::int from t where exists (select from duplicates d where (d.producer, d.boot, d.n) = (t.producer, t.boot, t.n))) as duplicate,
    (select count(*)::int from t where exists (select from rejected_events r where (r.producer, r.boot, r.n) = (t.producer, t.boot, t.n))) as rejected`;

const MISSING = `
  select t.producer, t.boot::text, t.n::text
  from unnest($1::text[], $2::uuid[], $3::bigint[]) as t(producer, boot, n)
  where not exists (select from events e where (e.producer, e.boot, e.n) = (t.producer, t.boot, t.n))
    and not exists (select from duplicates d where (d.producer, d.boot, d.n) = (t.producer, t.boot, t.n))
    and not exists (select from rejected_events r where (r.producer, r.boot, r.n) = (t.producer, t.boot, t.n))
  limit ${MISSING_SHOWN}`;

/** Waits until every event on the stream is in exactly one of the tables, and counts. */
export async function closeBooks(
  analyticsUrl: string,
  triples: Triple[],
  options: { patienceMs?: number; onProgress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<Books> {
  const client = new pg.Client({ connectionString: analyticsUrl });
  await client.connect();
  const values = [
    triples.map(([producer]) => producer),
    triples.map(([, boot]) => boot),
    triples.map(([, , n]) => n),
  ];
  let last = -1;
  let movedAt = Date.now();
  try {
    for (;;) {
      const { rows } = await client.query<{ stored: number; duplicate: number; rejected: number }>(
        IN_TABLES,
        values,
      );
      const { stored, duplicate, rejected } = rows[0] as {
        stored: number;
        duplicate: number;
        rejected: number;
      };
      const done = stored + duplicate + rejected;
      options.onProgress?.(done);
      if (done !== last) movedAt = Date.now();
      last = done;
      const over = Date.now() - movedAt > (options.patienceMs ?? PATIENCE_MS) || options.signal?.aborted;
      if (done >= triples.length || over) {
        const missing = await client.query<{ producer: string; boot: string; n: string }>(MISSING, values);
        return {
          events_received: triples.length,
          events_stored: stored,
          events_duplicate: duplicate,
          events_rejected: rejected,
          missing: missing.rows.map(({ producer, boot, n }) => [producer, boot, n] as const),
        };
      }
      await delay(POLL_MS);
    }
  } finally {
    await client.end();
  }
}
