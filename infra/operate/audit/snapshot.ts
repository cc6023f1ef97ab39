import pg from 'pg';
import { connectionUrl } from '../../../contracts/database-url.ts';
import { explainDatabaseError } from '../database-error.ts';

export interface Snapshot {
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** The rows of a query, a chunk at a time: for results that must not be in memory at once. */
  stream<T extends pg.QueryResultRow>(text: string, values: unknown[]): AsyncGenerator<T>;
  /** the database's clock at the moment that is seen */
  readonly at: Date;
  close(): Promise<void>;
}

const CHUNK = 5_000;

/**
 * A database at one moment, read-only. Sorts of millions of rows get some memory, and no query is compiled: the
 * partitions make that cost more than it gains.
 * @throws StopError with a sentence that does not hold the URL, which has a password in it
 */
export async function openSnapshot(url: string, name: string): Promise<Snapshot> {
  const client = new pg.Client({ connectionString: connectionUrl(url), connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  let cursors = 0;
  const query = <T extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    reach(
      name,
      client.query<T>(text, values).then(({ rows }) => rows),
    );
  await reach(name, client.connect());
  await query("set work_mem = '64MB'");
  await query('set jit = off');
  await query('begin transaction isolation level repeatable read read only');
  const [now] = await query<{ now: Date }>('select clock_timestamp() as now');
  return {
    query,
    at: now?.now as Date,
    async *stream<T extends pg.QueryResultRow>(text: string, values: unknown[]) {
      const cursor = `audit_${++cursors}`;
      await query(`declare ${cursor} no scroll cursor for ${text}`, values);
      for (;;) {
        const rows = await query<T>(`fetch ${CHUNK} from ${cursor}`);
        yield* rows;
        if (rows.length < CHUNK) break;
      }
      await query(`close ${cursor}`);
    },
    close: () => client.end(),
  };
}

async function reach<T>(name: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explainDatabaseError(name, error) ?? error;
  }
}
