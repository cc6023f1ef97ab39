import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { migrateAnalytics } from '../../analytics/migrate.ts';
import { analyticsDatabase } from '../support/analytics-database.ts';
import { runCommand } from '../support/command-line.ts';
import { call, closePools, key, registration } from './api.ts';

t.teardown(closePools);

/** Beside the other tests and over everything they have sent by then: nothing has to stand still for an audit. */
t.test('the stack: its books balance while requests come in', async (t) => {
  const requests = () =>
    Promise.all(
      Array.from({ length: 20 }, () =>
        call('POST', '/v1/registrations', { key: key('second'), body: registration() }),
      ),
    );
  const before = await requests();
  t.ok(before.every(({ status }) => status === 201));
  const file = join(t.testdir(), 'audit.json');
  const [{ code, stdout, stderr }, meanwhile] = await Promise.all([
    runCommand(t, ['audit', '--by', 'minute', '--json', file]),
    requests(),
  ]);
  t.equal(code, 0, stdout + stderr);
  t.ok(meanwhile.every(({ status }) => status === 201));
  const books = JSON.parse(readFileSync(file, 'utf8'));
  t.match(books, { balanced: true, missing: [], doubles: [], total: { missing: 0 } });
  const second = books.clients.find(({ client }: { client: string }) => client === 'second');
  t.ok(second.received >= 20, `${second.received} received`);
  t.notOk(
    books.withoutBook.some(({ producer }: { producer: string }) => producer === 'local'),
    'the plugin server has a spool, and so a book',
  );
});

t.test(
  'a database from before receipts were kept is brought up to date, its rows counted as they can be',
  async (t) => {
    const { url, pool } = await analyticsDatabase(t);
    await pool.query(`
    alter table events drop column accepted_at; alter table duplicates drop column received_at;
    alter table rejected_events drop column received_at; drop index rejected_events_producer;
    delete from schema_versions where version like '006%';
    select ensure_partition(current_date);
    insert into duplicates (producer, boot, n, client_id, day, event_id)
      values ('old', gen_random_uuid(), 1, 'demo', current_date, gen_random_uuid())`);
    t.same(await migrateAnalytics(url), ['006-books']);
    t.same(await migrateAnalytics(url), []);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    t.teardown(() => client.end());
    const { rows } = await client.query(
      `select received_at, (select count(*)::int from pg_attribute
       where attname = 'accepted_at' and attrelid = ('events_' || to_char(current_date, 'YYYYMMDD'))::regclass) as inherited
     from duplicates`,
    );
    t.same(rows, [{ received_at: null, inherited: 1 }], 'partitions have the column, too');
  },
);
