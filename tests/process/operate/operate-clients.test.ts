import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import t from 'tap';
import { readRunInfo } from '../../../infra/local/run-info.ts';
import { migrateRegistry } from '../../../prisma/migrate.ts';
import { deckFixture } from '../../support/deck-fixture.ts';

const CLIENTS = join(import.meta.dirname, '../../../infra/operate/clients.ts');
const database = `operate_${randomUUID().replaceAll('-', '')}`;
const { adminUrl } = readRunInfo();
const registryUrl = Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href;

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Runs the command and gives its exit code and what it wrote. */
async function clients(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, DATABASE_URL: registryUrl };
  return promisify(execFile)(process.execPath, [CLIENTS, ...args], { env })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((error) => error);
}

t.before(() => admin(`create database ${database}`));
t.teardown(() => admin(`drop database if exists ${database} with (force)`));

t.test('the commands against a registry of their own', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const deck = ['--deck', path];
  const add = ['add', 'new-tv', '--property', 'www', '--origin', 'www.new.tv', ...deck];

  const early = await clients(...add);
  t.match(early, { code: 2, stderr: /run its migrations first/ }, 'a registry without tables');
  await migrateRegistry(registryUrl);

  t.match(await clients(...add, '--firebase-project', 'new-tv-push'), { code: 0 });
  const once = read();
  t.match(await clients(...add, '--property', 'app'), { code: 0 }, 'a repeat adds the property');
  t.equal(read(), once);

  t.match(await clients('disable', 'new-tv', ...deck), { code: 0 });
  const { stdout } = await clients('list', '--json', ...deck);
  t.match(
    JSON.parse(stdout).find(({ name }: { name: string }) => name === 'new-tv'),
    {
      gateway: 'disabled',
      registry: 'disabled',
      properties: ['app', 'www'],
      firebaseProject: 'new-tv-push',
      origins: ['www.new.tv'],
    },
  );
});

t.test('a registry that is not there: one sentence without its address', async (t) => {
  const { path } = deckFixture(t.testdir({}));
  const url = 'postgres://owner:s3cret@127.0.0.1:1/registry';
  const { code, stderr } = await clients('list', '--deck', path, '--registry', url);
  t.equal(code, 3);
  t.match(stderr, 'pistats: the registry: nothing answers there (ECONNREFUSED). [database_unreachable]\n');
  t.notMatch(stderr, /s3cret/);
});
