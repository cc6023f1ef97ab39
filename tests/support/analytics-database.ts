import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrateAnalytics } from '../../analytics/migrate.ts';
import { readRunInfo } from '../../infra/local/run-info.ts';

export interface TestDatabase {
  url: string;
  pool: pg.Pool;
}

/** An analytics database of the test's own; dropped at its end. */
export async function analyticsDatabase(t: {
  teardown(f: () => Promise<unknown>): unknown;
}): Promise<TestDatabase> {
  const { adminUrl } = readRunInfo();
  const name = `analytics_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migrateAnalytics(url.href);
  const pool = new pg.Pool({ connectionString: url.href, max: 8 });
  // sessions that the drop ends
  pool.on('error', () => {});
  t.teardown(async () => {
    await pool.end();
    const admin = new pg.Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  });
  return { url: url.href, pool };
}
