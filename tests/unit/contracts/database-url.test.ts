import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { connectionUrl, tlsProblem } from '../../../contracts/database-url.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ca = join(tempDir(t), 'ca.pem');
writeFileSync(ca, 'a certificate');
const of = (query: string) => connectionUrl(`postgres://u:p%40%2F@h:1/d?${query}`);
const ssl = (query: string) =>
  (new pg.Client({ connectionString: of(query) }) as unknown as { ssl: unknown }).ssl;

t.test('each sslmode means what it means to libpq, and nothing is warned of', async (t) => {
  const warnings: Error[] = [];
  process.on('warning', (warning) => void warnings.push(warning));
  for (const mode of ['allow', 'prefer', 'require'])
    t.same(ssl(`sslmode=${mode}`), { rejectUnauthorized: false }, `${mode}: encrypted, not verified`);
  for (const mode of ['require', 'verify-ca']) {
    const options = ssl(`sslmode=${mode}&sslrootcert=${ca}`) as { checkServerIdentity(): unknown };
    t.match(options, { ca: 'a certificate', rejectUnauthorized: undefined }, `${mode}: by this authority`);
    t.equal(options.checkServerIdentity(), undefined, 'for any host');
  }
  t.same(ssl(`sslmode=verify-full&sslrootcert=${ca}`), { ca: 'a certificate' });
  t.same(ssl('sslmode=verify-full&sslrootcert=system'), {});
  t.same(ssl('sslmode=no-verify'), { rejectUnauthorized: false });
  t.equal(ssl('sslmode=disable'), false);
  await new Promise(setImmediate);
  t.same(warnings, []);
});

t.test('the rest of the URL stays, and what is none', async (t) => {
  t.equal(of('sslmode=require'), 'postgres://u:p%40%2F@h:1/d?sslmode=require&uselibpqcompat=true');
  for (const url of [
    'postgres://u:p@h/d',
    'postgres:///d?host=/run',
    'no url',
    'postgres://h/d?application_name=x',
  ])
    t.equal(connectionUrl(url), url);
});

t.test('what can not be meant is told without the login', async (t) => {
  const problem = (query: string) => tlsProblem(`postgres://u:hunter2@h/d?${query}`);
  for (const good of [
    '',
    'sslmode=require',
    `sslmode=verify-ca&sslrootcert=${ca}`,
    'sslmode=verify-full&sslrootcert=system',
  ])
    t.equal(problem(good), undefined, good);
  t.match(problem('sslmode=verify_full'), /an sslmode that is none of disable, allow, prefer, require/);
  for (const query of ['sslmode=verify-ca', 'sslmode=verify-ca&sslrootcert=system'])
    t.match(problem(query), /verify-ca and names no sslrootcert/);
  t.match(
    problem('sslmode=verify-full&sslrootcert=/nowhere.pem'),
    /a file by sslrootcert that can not be read/,
  );
  t.equal(tlsProblem('no url'), undefined);
});

t.test('every connection of what ships is opened by it', async (t) => {
  const files = globSync('{analytics,infra/operate,lambdas,storm}/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/generated|target/.test(file),
  );
  const opening = files.filter((file) =>
    /\bnew (?:pg\.(?:Client|Pool)|PrismaPg)\(/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  t.ok(opening.length >= 7, opening.join());
  for (const file of opening) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const strings = source.match(/\bconnectionString\b\s*[:,](?! string)[^\n]*/g) ?? [];
    for (const one of strings) t.match(one, /connectionUrl\(/, file);
  }
});
