import { createHash } from 'node:crypto';

/** Statements named at most; a named one stays prepared for the life of its connection. */
const MAX_NAMES = 64;

/**
 * Names for prepared statements: PostgreSQL plans a named one once and not at every execution, which for a batch's long
 * statements costs more than running them. Those beyond the bound are planned each time.
 */
export function statementNames(): (query: { sql: string }) => string | undefined {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined || names.size >= MAX_NAMES) return known;
    // PostgreSQL cuts names at 63 bytes
    const name = `s_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
    names.set(sql, name);
    return name;
  };
}
