import pg from 'pg';
import { CONNECTION_LIFETIME_S } from '../contracts/connection-lifetime.ts';

/**
 * The analytics database as one component sees it. ANALYTICS_URL comes from the worker's environment, so that no
 * password is in the topology. Timeouts lie below topology.message.timeout.secs: a batch fails before Storm gives it up.
 */
export function analyticsPool(max: number, onIdleError: (error: Error) => void): pg.Pool {
  const connectionString = process.env.ANALYTICS_URL;
  if (!connectionString) throw new Error('ANALYTICS_URL is not set in the environment of the Storm worker');
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 15_000,
    query_timeout: 20_000,
    keepAlive: true,
    maxLifetimeSeconds: CONNECTION_LIFETIME_S,
    application_name: 'pistats-storm',
  });
  pool.on('error', onIdleError);
  return pool;
}
