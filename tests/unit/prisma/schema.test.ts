import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const FOLDER = join(import.meta.dirname, '../../../prisma');
const sql = readdirSync(join(FOLDER, 'migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFileSync(join(FOLDER, 'migrations', name, 'migration.sql'), 'utf8'))
  .join('\n');
const names = (list = '') => [...list.matchAll(/"(\w+)"/g)].map((match) => match[1] as string);

const tables = [...sql.matchAll(/CREATE TABLE "(\w+)" \(([^;]*)\n\);/g)].map(([, name, body = '']) => ({
  name: name as string,
  primaryKey: names(/PRIMARY KEY \(([^)]*)\)/.exec(body)?.[1]),
}));
const foreignKeys = [
  ...sql.matchAll(/ALTER TABLE "(\w+)"[^;]*FOREIGN KEY \(([^)]*)\) REFERENCES "(\w+)"\(([^)]*)\) ([^;]*);/g),
].map(([, table, from, to, target, rules]) => ({
  table,
  from: names(from),
  to,
  target: names(target),
  rules,
}));
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
    'topic_leave',
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
  t.same([...listed, ...named].sort(), tables.map(({ name }) => name).sort());
  t.notMatch(sql, /BYPASSRLS|SUPERUSER|NO FORCE/);
});
