import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { migrateRegistry } from '../../../prisma/migrate.ts';
import { runPrisma } from '../../../prisma/run-prisma.ts';
import { registryDatabase } from '../../support/registry-database.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/migrations');
const database = await registryDatabase(t, 'demo');
const diff = () =>
  runPrisma(
    ['migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--exit-code'],
    { DATABASE_URL: database.url },
  );

t.test('what the migrations make is what schema.prisma says', async (t) => {
  t.match(await diff(), /No difference detected/);
});

t.test('a difference would be noticed', async (t) => {
  await database.rows('alter table device add column surplus text');
  await t.rejects(diff(), { message: /surplus/ });
  await database.rows('alter table device drop column surplus');
  await database.rows('drop index fact_client_id_time_idx');
  await t.rejects(diff(), { message: /fact/ });
  await database.rows('create index fact_client_id_time_idx on fact (client_id, time)');
  await diff();
});

t.test('migrating twice, and two at once, changes nothing', async (t) => {
  const applied = () => database.rows('select migration_name, checksum, started_at from _prisma_migrations');
  const before = await applied();
  t.equal(
    before.length,
    readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length,
  );
  await Promise.all([migrateRegistry(database.url), migrateRegistry(database.url)]);
  t.same(await applied(), before);
});

t.test('what schema.prisma can’t say holds too', async (t) => {
  const refused = { code: '23514' };
  for (const set of [`status = 'asleep'`, `identity_verification = 'maybe'`])
    await t.rejects(database.rows(`update client set ${set}`), refused, set);
  await database.rows(`insert into fact (client_id, id, type, source, time, data)
    values ('demo', '0190a0c0-0000-7000-8000-000000000001', 't', 's', now(), '{}')`);
  await database.rows(
    `insert into app_user (client_id, id) values ('demo', '0190a0c0-0000-7000-8000-000000000002')`,
  );
  await database.rows(`insert into device (client_id, id, registration_id, property, installation_id, user_id,
      platform, last_fact_id, created_at, updated_at)
    values ('demo', '0190a0c0-0000-7000-8000-000000000003', '0190a0c0-0000-7000-8000-000000000004', 'www', 'i',
      '0190a0c0-0000-7000-8000-000000000002', 'web', '0190a0c0-0000-7000-8000-000000000001', now(), now())`);
  for (const set of [
    `platform = 'fridge'`,
    `address_kind = 'fcm_token'`,
    `address_value = 'x'`,
    `address_kind = 'pigeon', address_value = 'x'`,
    `address_state = 'ill'`,
  ])
    await t.rejects(database.rows(`update device set ${set}`), refused, set);
});
