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

interface Counts {
  stored: number;
  duplicate: number;
  rejected: number;
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
  // one connection; a pool opens another where that is ended from outside
  const client = new pg.Pool({ connectionString: analyticsUrl, max: 1 });
  client.on('error', () => {});
  const values = [
    triples.map(([producer]) => producer),
    triples.map(([, boot]) => boot),
    triples.map(([, , n]) => n),
  ];
  let last = -1;
  let movedAt = performance.now();
  const look = async () => {
    const { rows } = await client.query<Counts>(IN_TABLES, values);
    const counts = rows[0] as Counts;
    const done = counts.stored + counts.duplicate + counts.rejected;
    options.onProgress?.(done);
    if (done !== last) movedAt = performance.now();
    last = done;
    if (done < triples.length && !outOfPatience()) return undefined;
    const missing = await client.query<{ producer: string; boot: string; n: string }>(MISSING, values);
    return {
      events_received: triples.length,
      events_stored: counts.stored,
      events_duplicate: counts.duplicate,
      events_rejected: counts.rejected,
      missing: missing.rows.map(({ producer, boot, n }) => [producer, boot, n] as const),
    };
  };
  const outOfPatience = () =>
    performance.now() - movedAt > (options.patienceMs ?? PATIENCE_MS) || options.signal?.aborted;
  try {
    for (;;) {
      const books = await look().catch((error: Error) => {
        // PostgreSQL was restarted, or ended this session: it is asked again
        if (outOfPatience()) throw error;
        return undefined;
      });
      if (books) return books;
      await delay(POLL_MS);
    }
  } finally {
    await client.end();
  }
}
