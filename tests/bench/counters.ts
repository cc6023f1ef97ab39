import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { FunctionStats } from '../../infra/local/lambda/function.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';

const MARK = 'bench-mark-';

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
  const log = async (what: 'all' | 'none') => {
    await client.query(`alter system set log_statement = '${what}'`);
    await client.query('select pg_reload_conf()');
  };
  const file = join(info.logDir, 'postgresql.log');
  /**
   * Where the log stands now: all backends write it in order, so what was executed before the mark is before it. Asked
   * again until it is there, since a session hears of a reload a moment later.
   */
  const mark = () => {
    const text = `${MARK}${randomUUID()}`;
    return waitUntil('the log of PostgreSQL', async () => {
      const at = readFileSync(file, 'utf8').indexOf(text);
      if (at < 0) await client.query(`select '${text}'`);
      return at < 0 ? undefined : at;
    });
  };
  try {
    await log('all');
    const from = await mark();
    const result = await run();
    const to = await mark();
    const statements = countLogged(readFileSync(file, 'utf8').slice(from, to));
    return { result, statements };
  } finally {
    await log('none');
    await client.end();
  }
}

function countLogged(log: string): number {
  return [...log.matchAll(/ LOG: {2}(?:statement|execute [^:]*): (.*)/g)].filter(
    ([, statement]) => !statement?.includes(MARK),
  ).length;
}
