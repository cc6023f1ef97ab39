import { join } from 'node:path';
import t from 'tap';
import { startSyntheticTopology } from '../../../infra/local/storm/run-synthetic.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';

t.test('the synthetic spout fills the analytics database through the real bolts', async (t) => {
  const { url, pool } = await analyticsDatabase(t);
  const dataDir = t.testdir();
  const logFile = join(dataDir, 'storm.log');
  const run = startSyntheticTopology({ dataDir, logFile, analyticsUrl: url, total: 3_100 });
  t.teardown(() => run.stop());
  const query = `select count(*)::int as events, max(n)::int as highest, count(country) > 0 as countries,
    count(distinct browser) > 1 as browsers, count(distinct page_path)::int as pages
    from events where producer = $1`;
  const summary = async () => (await pool.query(query, [run.producer])).rows[0];
  await waitUntil('every event', async () => (await summary()).events === 3_100, { timeoutMs: 60_000 });
  t.same(await summary(), { events: 3_100, highest: 3_100, countries: true, browsers: true, pages: 500 });
  t.equal(run.restarts, 0);
});
