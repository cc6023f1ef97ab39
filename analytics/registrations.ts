import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connectionUrl } from '../contracts/database-url.ts';

/** What a report covers. */
export interface ReportRange {
  /** a client's name; all clients without it */
  client?: string;
  /** received at or after */
  from: Date;
  /** received before */
  to: Date;
}

/** Figures of one group; `bots` of them came from what says it is a bot. */
export interface Figure {
  client: string;
  group: string;
  registrations: number;
  bots: number;
}

export const DIMENSIONS = ['property', 'hour', 'country', 'device'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export type Registrations = Record<Dimension, Figure[]>;

/**
 * From just before an event was made durable (`accepted_at`, so the time Kinesis takes is in it) until it was stored,
 * over every event of the range, in milliseconds; null without any.
 */
export interface Freshness {
  events: number;
  p50_ms: number | null;
  p95_ms: number | null;
}

export interface Report {
  registrations: Registrations;
  freshness: Freshness;
}

const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * New registrations by property, hour, country and device, and how fresh what is stored is. Reads only, and everything
 * at one moment.
 */
export async function readReport(url: string, { client, from, to }: ReportRange): Promise<Report> {
  const connection = new pg.Client({
    connectionString: connectionUrl(url),
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  connection.on('error', () => {});
  await connection.connect();
  try {
    await connection.query('begin transaction isolation level repeatable read read only');
    const values = [client ?? null, from, to];
    const registrations = {} as Registrations;
    for (const dimension of DIMENSIONS) {
      const { rows } = await connection.query(query(`registrations-by-${dimension}`), values);
      registrations[dimension] = rows.map((row) => ({
        client: row.client,
        group: row[dimension],
        registrations: row.registrations,
        bots: row.bots,
      }));
    }
    const { rows } = await connection.query(query('freshness'), values);
    await connection.query('commit');
    return { registrations, freshness: toFreshness(rows[0]) };
  } finally {
    await connection.end();
  }
}

function toFreshness({ events, ms }: { events: number; ms: number[] | null }): Freshness {
  const [p50_ms = null, p95_ms = null] = (ms ?? []).map(Math.round);
  return { events, p50_ms, p95_ms };
}

function query(name: string): string {
  return readFileSync(join(import.meta.dirname, 'queries', `${name}.sql`), 'utf8');
}
