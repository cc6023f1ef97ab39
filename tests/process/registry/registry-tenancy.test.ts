import pg from 'pg';
import t, { type Test } from 'tap';
import { v7 } from 'uuid';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, registerEvent, registration } from '../../support/requests.ts';

const TABLES = ['client', 'property', 'app_user', 'device', 'topic', 'subscription', 'fact'];
const database = await registryDatabase(t, 'first', 'second');
const functions = environment(t, database.writerUrl);

const made = new Map<string, Record<string, string>>();
for (const client of ['first', 'second']) {
  const body = registration({}, { user: { id: 'reader-1' } });
  const answer = await functions.one(registerEvent(body, { client }));
  made.set(client, answer.body);
  const options = { client, token: answer.body.deviceToken };
  await functions.subscribe(joinEvent(answer.body.registrationId, ['sport'], options));
}
const of = (client: string) => made.get(client) as Record<string, string>;

async function session(t: Test, connectionString: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  t.teardown(() => client.end());
  const columns = (table: string) => (table === 'client' ? 'name as client_id' : 'client_id');
  return {
    query: (text: string, values: unknown[] = []) => client.query(text, values),
    /** the clients whose rows the session sees in a table */
    sees: async (table: string) =>
      (await client.query(`select distinct ${columns(table)} from ${table} order by 1`)).rows.map(
        (row) => row.client_id,
      ),
  };
}

t.test('a reader sees nothing until it says for which client, and then that one alone', async (t) => {
  const { query, sees } = await session(t, database.readerUrl);
  for (const table of TABLES) t.same(await sees(table), [], table);
  for (const client of ['first', 'second', 'nobody', '']) {
    await query('begin');
    await query(`select set_config('pistats.client', $1, true)`, [client]);
    for (const table of TABLES)
      t.same(await sees(table), made.has(client) ? [client] : [], `${client} ${table}`);
    await query('commit');
    t.same(await sees('device'), [], 'the next transaction has forgotten it');
  }
});

t.test('a reader erases what is of its client, and can do nothing else', async (t) => {
  const { query } = await session(t, database.readerUrl);
  for (const sql of [
    'select identity_secret from client',
    'select * from client',
    'select * from idempotency',
    `update device set locale = 'xx'`,
    `insert into topic (client_id, name) values ('first', 'x')`,
    'delete from client',
    'delete from topic',
    'truncate fact',
    'alter table device disable row level security',
    'create table public.x ()',
  ])
    await t.rejects(query(sql), { code: '42501' }, sql);
  await query('begin');
  await query(`select set_config('pistats.client', 'first', true)`);
  t.equal((await query('delete from subscription')).rowCount, 1, 'of the two in the table');
  t.equal((await query(`delete from device where client_id = 'second'`)).rowCount, 0);
  await query('rollback');
});

t.test('the functions mix clients, but can’t change what a client is', async (t) => {
  const { query, sees } = await session(t, database.writerUrl);
  for (const table of [...TABLES, 'idempotency']) t.same(await sees(table), ['first', 'second'], table);
  for (const sql of [
    `update client set status = 'active'`,
    `update client set identity_secret = 'mine'`,
    `insert into client (name) values ('third')`,
    `insert into property (client_id, name) values ('first', 'x')`,
    'delete from client',
    'truncate device',
    'drop table fact',
    'alter table device no force row level security',
    'create table public.x ()',
    'set role pistats_reader',
  ])
    await t.rejects(query(sql), { code: '42501' }, sql);
});

t.test('row security binds every table and everyone but a superuser', async (t) => {
  const rows = await database.rows(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
       and relname <> '_prisma_migrations' and not (relrowsecurity and relforcerowsecurity)`,
  );
  t.same(rows, []);
  const roles = await database.rows(
    `select rolname from pg_roles where (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)
       and rolname in ('pistats_writer', 'pistats_reader')`,
  );
  t.same(roles, []);
});

t.test('no row of a client can point at another’s', async (t) => {
  const { query } = await session(t, database.writerUrl);
  const [mine, theirs] = [of('first'), of('second')];
  const fact = async (client: string) =>
    (await database.rows('select last_fact_id from device where client_id = $1', client))[0].last_fact_id;
  const device = (changes: Record<string, unknown>) => {
    const row: Record<string, unknown> = {
      client_id: 'first',
      id: v7(),
      registration_id: v7(),
      property: 'www',
      installation_id: v7(),
      user_id: mine.userId,
      platform: 'web',
      last_fact_id: changes.last_fact_id,
      created_at: new Date(),
      updated_at: new Date(),
      ...changes,
    };
    const names = Object.keys(row);
    return query(
      `insert into device (${names}) values (${names.map((_, index) => `$${index + 1}`)})`,
      Object.values(row),
    );
  };
  const own = await fact('first');
  await query('begin');
  t.equal((await device({ last_fact_id: own })).rowCount, 1, 'its own will do');
  await query('rollback');
  const foreignKey = { code: '23503' };
  await t.rejects(device({ last_fact_id: own, user_id: theirs.userId }), foreignKey, 'a user');
  await t.rejects(device({ last_fact_id: await fact('second') }), foreignKey, 'a fact');
  await t.rejects(device({ last_fact_id: own, client_id: 'third' }), foreignKey, 'a client that is none');
  const subscription = `insert into subscription (client_id, device_id, topic, state, updated_at)
    values ('first', $1, $2, 'joined', now())`;
  await t.rejects(query(subscription, [theirs.deviceId, 'sport']), foreignKey, 'a device');
  await database.rows(`insert into topic (client_id, name) values ('second', 'theirs')`);
  await t.rejects(query(subscription, [mine.deviceId, 'theirs']), foreignKey, 'a topic');
});

t.test('the same names at two clients are two users and two devices', async (t) => {
  t.not(of('first').userId, of('second').userId);
  t.not(of('first').deviceId, of('second').deviceId);
  const answer = await functions.subscribe(
    joinEvent(of('second').registrationId as string, ['x'], {
      client: 'first',
      token: of('second').deviceToken,
    }),
  );
  t.match(answer, [{ status: 404, code: 'registration_unknown' }]);
});
