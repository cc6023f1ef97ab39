import { LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS } from '../time-limits.ts';
import { PLANNER_SETTINGS } from './statement-plans.ts';

/**
 * What PostgreSQL is told of the functions' sessions, by `ALTER ROLE … SET` on their login: PgBouncer and RDS Proxy refuse a
 * connection that brings settings of its own.
 */
export const FUNCTION_SETTINGS: Readonly<Record<string, string>> = {
  lock_timeout: `${LOCK_TIMEOUT_MS}ms`,
  statement_timeout: `${STATEMENT_TIMEOUT_MS}ms`,
  ...PLANNER_SETTINGS,
};
