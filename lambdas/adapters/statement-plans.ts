import { createHash } from 'node:crypto';

/** Statements named at most; a named one stays prepared for the life of its connection. */
const MAX_NAMES = 32;
/** A plan is not used for longer than this, whatever its table became meanwhile. */
const MAX_AGE_MS = 5_000;

/**
 * How a session plans: every statement here finds its rows by key, so whatever reads a whole table is never right, however
 * few rows the table had, or was thought to have, when the plan was made.
 */
export const PLANNER_SETTINGS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

/**
 * Names for prepared statements: PostgreSQL plans a named one once and not at every execution, which for these long
 * statements costs more than running them. Those beyond the bound are planned each time; so are all where a pooler between hands
 * statements to other sessions and does not know names (42P05, 26000).
 */
export function statementNames(enabled = true): (query: { sql: string }) => string | undefined {
  if (!enabled) return () => undefined;
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined || names.size >= MAX_NAMES || sql === DISCARD_PLANS) return known;
    // PostgreSQL cuts names at 63 bytes
    const name = `s_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
    names.set(sql, name);
    return name;
  };
}

export const DISCARD_PLANS = 'DISCARD PLANS';

/**
 * When plans are to be made anew: a plan made while a table was empty may pick an index by whose first column every row is the
 * same, and cost ever more as the table grows. So at the executions 2, 4, 8, … of a connection, and after MAX_AGE_MS.
 */
export function planAge(now: () => number = Date.now): { due(): boolean } {
  let executions = 0;
  let next = 2;
  let madeAt = now();
  return {
    due() {
      executions++;
      const time = now();
      if (executions < next && time - madeAt < MAX_AGE_MS) return false;
      while (next <= executions) next *= 2;
      madeAt = time;
      return true;
    },
  };
}
