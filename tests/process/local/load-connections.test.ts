import t from 'tap';
import { openEventCount } from '../../../infra/local/load/event-count.ts';
import { closeBooks } from '../../../infra/local/load/stored-counts.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { analyticsDatabase } from '../../support/analytics-database.ts';

t.test('sessions that are ended under a load cost no count and no command', async (t) => {
  const { url, pool } = await analyticsDatabase(t);
  const endOthers = async () =>
    (
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'counting' and pid <> pg_backend_pid()`,
      )
    ).rowCount ?? 0;
  const counting = new URL(url);
  counting.searchParams.set('application_name', 'counting');
  const events = await openEventCount(counting.href);
  t.equal(await events.count(), 0);
  t.equal(await endOthers(), 1);
  t.equal(await waitUntil('a count', async () => String(await events.count())), '0');
  await events.close();

  const { promise: counted, resolve: onCount } = Promise.withResolvers<void>();
  const abort = new AbortController();
  const books = closeBooks(counting.href, [['node', '00000000-0000-4000-8000-000000000000', '1']], {
    onProgress: () => onCount(),
    signal: abort.signal,
  });
  await counted;
  await waitUntil('its session was ended', async () => (await endOthers()) > 0);
  abort.abort();
  t.match(await books, { events_received: 1, events_stored: 0, missing: [['node', /./, '1']] });
});
