import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const FOLDER = join(import.meta.dirname, '../../../prisma');
const sql = readdirSync(join(FOLDER, 'migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFileSync(join(FOLDER, 'migrations', name, 'migration.sql'), 'utf8'))
  .join('\n');
const names = (list = '') => [...list.matchAll(/"(\w+)"/g)].map((match) => match[1] as string);

const dropped = names([...sql.matchAll(/DROP TABLE ("\w+")/g)].map(([, name]) => name).join());
const tables = [...sql.matchAll(/CREATE TABLE "(\w+)" \(([^;]*)\n\);/g)]
  .map(([, name, body = '']) => ({
    name: name as string,
    primaryKey: names(/PRIMARY KEY \(([^)]*)\)/.exec(body)?.[1]),
  }))
  .filter(({ name }) => !dropped.includes(name));
const foreignKeys = [
  ...sql.matchAll(/ALTER TABLE "(\w+)"[^;]*FOREIGN KEY \(([^)]*)\) REFERENCES "(\w+)"\(([^)]*)\) ([^;]*);/g),
]
  .map(([, table, from, to, target, rules]) => ({
    table,
    from: names(from),
    to,
    target: names(target),
    rules,
  }))
  .filter(({ table = '' }) => !dropped.includes(table));
const unique = [...sql.matchAll(/CREATE UNIQUE INDEX "(\w+)" ON "\w+"\(([^)]*)\)/g)];

t.test('every key of every table starts with the client', async (t) => {
  t.same(tables.map(({ name }) => name).sort(), [
    'app_user',
    'client',
    'device',
    'fact',
    'idempotency',
    'property',
    'subscription',
    'topic',
    'topic_mirror',
  ]);
  for (const { name, primaryKey } of tables)
    t.equal(primaryKey[0], name === 'client' ? 'name' : 'client_id', name);
  t.equal(foreignKeys.length, 12);
  for (const { table, from, to, target } of foreignKeys) {
    t.equal(from[0], 'client_id', `${table} → ${to}`);
    t.equal(target[0], to === 'client' ? 'name' : 'client_id');
  }
  t.equal(unique.length, 3);
  for (const [, name, columns] of unique) t.equal(names(columns)[0], 'client_id', `${name}`);
});

t.test('nothing vanishes by itself but the subscriptions of a device that goes', async (t) => {
  const cascades = foreignKeys.filter(({ rules }) => rules?.includes('ON DELETE CASCADE'));
  t.match(cascades, [{ table: 'subscription', to: 'device' }]);
  t.equal(cascades.length, 1);
  for (const { rules } of foreignKeys) t.match(rules, /ON UPDATE RESTRICT/);
});

t.test('row security is forced on every table', async (t) => {
  const listed = names((/FOREACH t IN ARRAY ARRAY\[([^\]]*)\]/.exec(sql)?.[1] ?? '').replaceAll("'", '"'));
  // the first migration's loop, and those that are named one by one
  const named = [...sql.matchAll(/ALTER TABLE "(\w+)" FORCE ROW LEVEL SECURITY/g)].map(([, name]) => name);
  t.same(
    [...listed, ...named].filter((name) => !dropped.includes(name as string)).sort(),
    tables.map(({ name }) => name).sort(),
  );
  t.notMatch(sql, /BYPASSRLS|SUPERUSER|NO FORCE/);
});

t.test(
  'every foreign key has an index that begins with it: else each delete of what it points at reads the whole table',
  async (t) => {
    const indexes = [...sql.matchAll(/CREATE (?:UNIQUE )?INDEX "\w+" ON "(\w+)"\(([^)]*)\)/g)].map(
      ([, table, columns]) => ({ table, columns: names(columns) }),
    );
    const all = [...indexes, ...tables.map(({ name, primaryKey }) => ({ table: name, columns: primaryKey }))];
    for (const { table, from } of foreignKeys) {
      const found = all.some(
        (index) =>
          index.table === table &&
          from.every((column) => index.columns.slice(0, from.length).includes(column)),
      );
      t.ok(found, `${table} (${from})`);
    }
  },
);

t.test('every CHECK is named in schema.prisma, which can’t say it', async (t) => {
  const checks = [...sql.matchAll(/ADD CONSTRAINT "(\w+)" CHECK/g)].map(([, name]) => name as string);
  t.ok(checks.length >= 8);
  // the column that this one was of is gone
  const gone = ['subscription_mirror'];
  const schema = readFileSync(join(FOLDER, 'schema.prisma'), 'utf8');
  for (const name of checks.filter((one) => !gone.includes(one))) {
    const [table] = name.split(/_(?=status|identity|platform|address|state)/);
    const model = schema.split(/^model /m).find((one) => one.includes(`@@map("${table}")`)) ?? '';
    const column = name.slice(`${table}_`.length);
    t.match(model, new RegExp(`${column.replace(/_(\w)/g, (_, c) => c.toUpperCase())}\\w*.*CHECK`), name);
  }
});
