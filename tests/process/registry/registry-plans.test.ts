import { randomUUID } from 'node:crypto';
import t from 'tap';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, registerEvent, registration, tokens } from '../../support/requests.ts';

const TABLES = ['device', 'app_user', 'fact', 'idempotency', 'subscription', 'topic', 'topic_mirror'];
const BATCH = 100;

/** Rows that were read, from tables and from indexes, since the statistics of the database began. */
const READ = `
  select (select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables where relname = any($1))
    + (select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes where relname = any($1)) as rows`;

t.test(
  'a first release: no batch reads more rows than it asks for, however fast the tables grow',
  async (t) => {
    const database = await registryDatabase(t, 'first');
    // autovacuum has not come by yet
    for (const table of TABLES) await database.rows(`alter table ${table} set (autovacuum_enabled = off)`);
    const function_ = environment(t, database.writerUrl);
    const readBy = async (work: () => Promise<unknown>) => {
      const read = async () => {
        await function_.registry.prisma.$queryRawUnsafe('select pg_stat_force_next_flush()::text');
        return Number((await database.rows(READ, TABLES))[0].rows);
      };
      const before = await read();
      await work();
      return (await read()) - before;
    };
    const batch = () =>
      Array.from({ length: BATCH }, () =>
        registration({
          installationId: randomUUID(),
          address: { kind: 'fcm_token', value: `token-${randomUUID()}` },
        }),
      );
    const register = (bodies: ReturnType<typeof batch>) =>
      function_.register(...bodies.map((body) => registerEvent(body, { client: 'first' })));

    const known = batch();
    const [first] = await register(known);
    for (let round = 0; round < 30; round++) await register(batch());

    const again = await readBy(() => register(known));
    t.comment(`${again} rows for ${BATCH} known registrations`);
    t.ok(again > BATCH && again <= BATCH * 10, 'known registrations');
    const fresh = await readBy(() => register(batch()));
    t.comment(`${fresh} rows for ${BATCH} new ones`);
    t.ok(fresh > BATCH && fresh <= BATCH * 15, 'new registrations, their foreign keys checked');
    const { registrationId, deviceId } = first?.body ?? {};
    const token = tokens.issue('first', deviceId);
    const joining = await readBy(async () => {
      const [answer] = await function_.subscribe(
        joinEvent(registrationId, ['goals'], { client: 'first', token }),
      );
      t.equal(answer?.status, 200);
    });
    t.ok(joining > 0 && joining <= 50, 'a subscription');
  },
);

t.test('of the rows that the migrations took their statistics from none is left', async (t) => {
  const database = await registryDatabase(t);
  for (const table of ['client', 'property', ...TABLES])
    t.same(await database.rows(`select * from ${table}`), [], table);
  const [{ n }] = await database.rows(
    `select count(distinct tablename)::int as n from pg_stats where schemaname = 'public' and tablename = any($1)`,
    TABLES,
  );
  t.equal(n, TABLES.length, 'but their statistics are');
});
