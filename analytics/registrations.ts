import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

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

const STATEMENT_TIMEOUT_MS = 60_000;

/** New registrations by property, hour, country and device. Reads only, and everything at one moment. */
export async function registrations(url: string, { client, from, to }: ReportRange): Promise<Registrations> {
  const connection = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  connection.on('error', () => {});
  await connection.connect();
  try {
    await connection.query('begin transaction isolation level repeatable read read only');
    const report = {} as Registrations;
    for (const dimension of DIMENSIONS) {
      const { rows } = await connection.query(query(dimension), [client ?? null, from, to]);
      report[dimension] = rows.map((row) => ({
        client: row.client,
        group: row[dimension],
        registrations: row.registrations,
        bots: row.bots,
      }));
    }
    await connection.query('commit');
    return report;
  } finally {
    await connection.end();
  }
}

function query(dimension: Dimension): string {
  return readFileSync(join(import.meta.dirname, 'queries', `registrations-by-${dimension}.sql`), 'utf8');
}
