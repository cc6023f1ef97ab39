import { execFile } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import t from 'tap';
import { migrateAnalytics } from '../../../analytics/migrate.ts';
import { readReport } from '../../../analytics/registrations.ts';
import { connectionUrl } from '../../../contracts/database-url.ts';
import { makeCertificate } from '../../../infra/local/certificate.ts';
import { freePort } from '../../../infra/local/free-port.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { databaseUser } from '../../../infra/local/unprivileged.ts';
import { connectRegistry } from '../../../lambdas/adapters/prisma.ts';
import { migrateRegistry } from '../../../prisma/migrate.ts';
import { analyticsPool } from '../../../storm/database.ts';
import { deckFixture } from '../../support/deck-fixture.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** PostgreSQL that takes nothing but TLS, as RDS with rds.force_ssl, by an authority of this test; for 127.0.0.1 alone. */
const dir = tempDir(t);
const user = databaseUser();
if (user) chownSync(dir, user.uid, user.gid);
const port = await freePort();
const postgres = await startPostgres({ dataDir: dir, port, logFile: join(dir, 'log'), durable: false });
t.teardown(() => postgres.service.stop());
const { ca, cert, key } = await makeCertificate('an authority of this test', ['127.0.0.1']);
const authority = join(dir, 'ca.pem');
writeFileSync(authority, ca);
const other = join(dir, 'other.pem');
writeFileSync(other, (await makeCertificate('an authority of this test', ['127.0.0.1'])).ca);

const admin = new pg.Client({ connectionString: postgres.url('postgres') });
admin.on('error', () => {});
await admin.connect();
const [{ data_directory: cluster }] = (await admin.query('show data_directory')).rows;
for (const [name, text] of [
  ['server.crt', cert],
  ['server.key', key],
  ['pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256\n'],
] as const) {
  writeFileSync(join(cluster, name), text, { mode: 0o600 });
  if (user) chownSync(join(cluster, name), user.uid, user.gid);
}
await admin.query('alter system set ssl = on');
await admin.query('select pg_reload_conf()');
await admin.end();

const url = (database: string, query: string) => `${postgres.url(database)}?${query}`;
const SECRET = new URL(postgres.url('x')).password;
/** What an operator may write, with this authority. */
const GOOD = [
  'sslmode=prefer',
  'sslmode=require',
  `sslmode=require&sslrootcert=${authority}`,
  `sslmode=verify-ca&sslrootcert=${authority}`,
  `sslmode=verify-full&sslrootcert=${authority}`,
];

async function command(file: string, args: string[], env: Record<string, string>) {
  const run = promisify(execFile)(process.execPath, [join(ROOT, file), ...args], {
    env: { ...process.env, PISTATS_RUN: join(dir, 'none.json'), NODE_OPTIONS: '', ...env },
  });
  return run
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((error: { code: number; stdout: string; stderr: string }) => error);
}

t.test('the reload has come: without TLS nobody gets in', async (t) => {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await t.rejects(client.connect(), { code: '28000' });
  await client.end();
});

for (const [index, query] of GOOD.entries())
  t.test(`${query.replaceAll(dir, '…')}: migrations, functions, topology and operators`, async (t) => {
    const registry = url(`registry_${index}`, query);
    const analytics = url(`analytics_${index}`, query);
    await migrateRegistry(registry);
    t.match(
      await command('prisma/migrate.ts', [], { DATABASE_URL: registry }),
      { code: 0, stderr: '' },
      'again, as a command',
    );
    t.ok((await migrateAnalytics(analytics)).length > 0);
    t.match(await command('analytics/migrate.ts', [], { ANALYTICS_URL: analytics }), {
      code: 0,
      stdout: 'up to date\n',
      stderr: '',
    });

    const functions = connectRegistry(registry);
    t.teardown(() => functions.prisma.$disconnect());
    const encrypted = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    t.same(await functions.run((prisma) => prisma.$queryRawUnsafe(encrypted)), [{ ssl: true }]);

    process.env.ANALYTICS_URL = analytics;
    const pool = analyticsPool(1, () => {});
    t.same((await pool.query(encrypted)).rows, [{ ssl: true }]);
    await pool.end();
    const range = { from: new Date(0).toISOString(), to: new Date().toISOString() };
    t.ok(await readReport(analytics, range as never));

    // what follows takes the same way, and a process each
    if (query !== 'sslmode=require' && !query.includes('full')) return;
    const { path } = deckFixture(t.testdir({}));
    const add = ['add', 'new-tv', '--property', 'www', '--origin', 'www.new.tv', '--deck', path];
    t.match(await command('infra/operate/clients.ts', add, { DATABASE_URL: registry }), { code: 0 });
    const shown = await command('infra/operate/mirror.ts', ['show'], { DATABASE_URL: registry });
    t.match(shown, { code: 0, stderr: /FCM has been told everything/ });
    t.notMatch(shown.stderr, /[Ww]arning|SECURITY/);
    const listed = await command('infra/operate/replay.ts', ['list'], { ANALYTICS_URL: analytics });
    t.equal(listed.code, 0, listed.stderr);
  });

/** What is refused: an operator's sentence, and the functions' word for it. */
const BAD: [what: string, url: string, sentence: RegExp, word: RegExp][] = [
  ['no TLS', postgres.url('registry_1'), /takes only connections with TLS.*\[database_tls\]/, /^28000$/],
  [
    'an authority that nobody trusts',
    url('registry_1', 'sslmode=verify-full'),
    /certificate is not trusted \((?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)\).*\[database_tls\]/,
    /^SELF_SIGNED|^UNABLE_TO/,
  ],
  [
    'another authority',
    url('registry_1', `sslmode=verify-ca&sslrootcert=${other}`),
    /certificate is not trusted \((?:SELF_SIGNED|UNABLE_TO|CERT_)\w+\).*\[database_tls\]/,
    /^SELF_SIGNED|^UNABLE_TO|^CERT_/,
  ],
  [
    'another host',
    url('registry_1', `sslmode=verify-full&sslrootcert=${authority}`).replace('127.0.0.1', 'localhost'),
    /certificate is not for the host in its URL.*\[database_tls\]/,
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
  ],
];
for (const [what, DATABASE_URL, sentence, word] of BAD)
  t.test(`${what}: refused, and told what it is`, async (t) => {
    for (const [file, args] of [
      ['infra/operate/clients.ts', ['list', '--deck', deckFixture(t.testdir({})).path]],
      ['infra/operate/mirror.ts', ['show']],
    ] as const) {
      const { code, stderr } = await command(file, [...args], { DATABASE_URL });
      t.equal(code, 2, file);
      t.match(stderr, sentence, file);
      t.notMatch(stderr, new RegExp(SECRET));
    }
    const functions = connectRegistry(DATABASE_URL);
    t.teardown(() => functions.prisma.$disconnect());
    const refusal = functions.run((prisma) => prisma.$queryRaw`select 1`);
    await t.rejects(refusal, { name: 'UnavailableError', code: word });
    const client = new pg.Client({ connectionString: connectionUrl(DATABASE_URL) });
    await t.rejects(client.connect());
    await client.end();
  });

t.test('an sslmode that there is not, and a file that is not there', async (t) => {
  for (const [query, sentence] of [
    ['sslmode=verify_full', /sslmode that is none of/],
    ['sslmode=verify-ca', /names no sslrootcert/],
    ['sslmode=verify-full&sslrootcert=/nowhere.pem', /sslrootcert that can not be read/],
  ] as const) {
    const DATABASE_URL = url('registry_1', query);
    const { code, stderr } = await command('infra/operate/mirror.ts', ['show'], { DATABASE_URL });
    t.equal(code, 2);
    t.match(stderr, sentence);
    t.match(stderr, /\[database_url\]/);
    t.match(await command('prisma/migrate.ts', [], { DATABASE_URL }), { code: 2, stderr: sentence });
    t.notMatch(stderr, new RegExp(SECRET));
  }
});
