import pg from 'pg';
import { StopError } from '../stop-error.ts';
import { waitUntil } from '../wait-until.ts';
import type { RunningTopology } from './run-topology.ts';

/** Resolves when both ends of the topology, spout and store bolt, have reported since `startedAt` (ms). */
export async function topologyReady(
  analyticsUrl: string,
  startedAt: number,
  topology: Pick<RunningTopology, 'stop'>,
  logFile: string,
  signal?: AbortSignal,
): Promise<void> {
  const pool = new pg.Pool({
    connectionString: analyticsUrl,
    max: 1,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  pool.on('error', () => {}); // the next look opens another connection
  const query = 'select count(distinct component)::int as n from topology_heartbeats where started_at >= $1';
  try {
    await waitUntil(
      'Storm',
      async () => {
        const { rows } = await pool.query<{ n: number }>(query, [new Date(startedAt)]);
        return (rows[0]?.n ?? 0) >= 2;
      },
      { timeoutMs: 180_000, everyMs: 200, signal },
    );
  } catch (error) {
    await topology.stop();
    throw new StopError(`Apache Storm did not start: ${(error as Error).message} (log: ${logFile})`);
  } finally {
    await pool.end();
  }
}
