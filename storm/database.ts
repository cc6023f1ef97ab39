import pg from 'pg';
import { CONNECTION_LIFETIME_S } from '../contracts/connection-lifetime.ts';
import { connectionUrl, tlsProblem } from '../contracts/database-url.ts';

/** A setting that the worker's environment lacks; the code says which. */
export const missing = (variable: string) =>
  Object.assign(new Error(`${variable} is not set in the environment of the Storm worker`), {
    code: `${variable}_not_set`,
  });

/** By `ALTER ROLE … SET` on the topology's login: a pooler refuses a connection that brings settings of its own. */
export const TOPOLOGY_SETTINGS: Readonly<Record<string, string>> = { statement_timeout: '15s' };

/**
 * The analytics database as one component sees it. ANALYTICS_URL comes from the worker's environment, so that no
 * password is in the topology. Timeouts lie below topology.message.timeout.secs: a batch fails before Storm gives it up.
 */
export function analyticsPool(max: number, onIdleError: (error: Error) => void): pg.Pool {
  const connectionString = process.env.ANALYTICS_URL;
  if (!connectionString) throw missing('ANALYTICS_URL');
  const problem = tlsProblem(connectionString);
  if (problem) throw Object.assign(new Error(`ANALYTICS_URL ${problem}`), { code: 'ANALYTICS_URL_wrong' });
  const pool = new pg.Pool({
    connectionString: connectionUrl(connectionString),
    max,
    connectionTimeoutMillis: 3_000,
    query_timeout: 20_000,
    keepAlive: true,
    maxLifetimeSeconds: CONNECTION_LIFETIME_S,
    application_name: 'pistats-storm',
  });
  pool.on('error', onIdleError);
  return pool;
}
