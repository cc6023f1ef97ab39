import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { FunctionStats } from '../../infra/local/lambda/function.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';

export async function functionStats(info: RunInfo, name = 'pistats-registrations'): Promise<FunctionStats> {
  const stats = (await (await fetch(`${info.lambdaUrl}/stats`)).json()) as Record<string, FunctionStats>;
  return stats[name] as FunctionStats;
}

/** Sum of every series of a Prometheus metric whose labels include `label`. */
export async function metric(info: RunInfo, name: string, label = ''): Promise<number> {
  const text = await (await fetch(info.metricsUrl)).text();
  return text
    .split('\n')
    .filter((line) => new RegExp(`^${name}(\\{|\\s)`).test(line) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/**
 * Statements PostgreSQL executes while `run` runs, BEGIN and COMMIT among them: counted in its log, which
 * log_statement fills from a reload on. It slows PostgreSQL down, so nothing else is measured meanwhile.
 */
export async function countStatements<T>(
  info: RunInfo,
  run: () => Promise<T>,
): Promise<{ result: T; statements: number }> {
  const client = new pg.Client({ connectionString: info.adminUrl });
  await client.connect();
  // a session hears of a reload before its next statement
  const log = async (what: 'all' | 'none') => {
    await client.query(`alter system set log_statement = '${what}'`);
    await client.query('select pg_reload_conf()');
  };
  const file = join(info.logDir, 'postgresql.log');
  /** Where the log stands now: all backends write it in order, so what was executed before the mark is before it. */
  const mark = async () => {
    const text = randomUUID();
    await client.query(`select '${text}'`);
    return waitUntil('the log of PostgreSQL', () => {
      const at = readFileSync(file, 'utf8').indexOf(text);
      return at < 0 ? undefined : at;
    });
  };
  try {
    await log('all');
    const from = await mark();
    const result = await run();
    const to = await mark();
    const statements = countLogged(readFileSync(file, 'utf8').slice(from, to));
    // the second mark itself
    return { result, statements: statements - 1 };
  } finally {
    await log('none');
    await client.end();
  }
}

function countLogged(log: string): number {
  return [...log.matchAll(/ LOG: {2}(statement|execute [^:]*): /g)].length;
}
