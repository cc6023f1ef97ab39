import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { keyDigest, parseKey, parseKeyTag } from '../../../contracts/api-key.ts';
import { findConsumer, readDeckFile } from '../../../infra/deck/deck-file.ts';
import { keysProgram } from '../../../infra/operate/keys.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { changedLines, DECK, deckFixture } from '../../support/deck-fixture.ts';
import { recordedOutput } from '../../support/recorded-output.ts';

const NOW = new Date('2026-06-15T12:00:00Z');
const SPRING = 'nZFXfLs9qv9PxvyCYOINqd82MfIOQ-X0mlDTrB75ZHU';

async function keys(path: string, ...args: string[]) {
  const output = recordedOutput();
  const code = await runProgram(
    keysProgram(output, () => NOW),
    [...args, '--deck', path],
    output,
  );
  return { code, ...output };
}

/** Exit 2, one clear sentence, nothing on stdout, the file untouched. */
async function refused(t: Test, args: string[], pattern: RegExp, text = DECK) {
  const { path, read } = deckFixture(t.testdir({}), text);
  const { code, results, said } = await keys(path, ...args);
  t.same({ code, results, lines: said.length }, { code: 2, results: [], lines: 1 }, args.join(' '));
  t.match(said[0], pattern);
  t.notMatch(said[0], /\n/);
  t.equal(read(), text);
}

t.test('issue prints the key once, alone on its line, and stores only its digest', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const { code, results, said } = await keys(
    path,
    'issue',
    'acme',
    '--kind',
    'sk',
    '--expires',
    '2026-12-31',
  );
  t.equal(code, 0);
  t.equal(results.length, 1);
  const [key] = results as [string];
  t.same(parseKey(key), { kind: 'sk', client: 'acme' });
  t.same(changedLines(DECK, read()), {
    added: [`      - key:sk:${keyDigest(key)}:2026-12-31`],
    removed: [],
  });
  t.notMatch(read() + said.join(), key);
  t.match(said[0], /valid through 2026-12-31.*not stored/);
});

t.test('a key without expiry; the last day may be today', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const [endless] = (await keys(path, 'issue', 'acme', '--kind', 'pk')).results as [string];
  t.match(read(), `- key:pk:${keyDigest(endless)}:-\n`);
  t.equal((await keys(path, 'issue', 'acme', '--kind', 'pk', '--expires', '2026-06-15')).code, 0);
});

t.test('a pk that no browser could use yet is told', async (t) => {
  const { path } = deckFixture(t.testdir({}), 'consumers: [{username: bare}]\n');
  t.match((await keys(path, 'issue', 'bare', '--kind', 'pk')).said[1], /no origin is allowed/);
  t.equal((await keys(path, 'issue', 'bare', '--kind', 'sk')).said.length, 1);
});

t.test('bad usage', async (t) => {
  await refused(t, ['issue', 'nobody', '--kind', 'pk'], /has no client nobody/);
  await refused(t, ['issue', 'gone', '--kind', 'pk'], /gone is disabled/);
  await refused(t, ['issue', 'acme'], /--kind/);
  await refused(t, ['issue', 'acme', '--kind', 'xk'], /Allowed choices are pk, sk/);
  for (const date of ['2026-13-01', '2027-02-29', '27-01-01', '2027-1-1', 'soon', '2027-01-01T00:00:00Z', ''])
    await refused(
      t,
      ['issue', 'acme', '--kind', 'pk', '--expires', date],
      /is not a date of the form YYYY-MM-DD/,
    );
  await refused(t, ['issue', 'acme', '--kind', 'pk', '--expires', '2026-06-14'], /2026-06-14 is in the past/);
  await refused(t, ['issue', 'acme', '--kind', 'pk'], /not valid YAML/, 'consumers: [');
  await refused(t, ['issue', 'acme', '--kind', 'pk', '--colour', 'red'], /unknown option '--colour'/);
  await refused(t, ['issue', 'acme', 'other', '--kind', 'pk'], /too many arguments/);
  await refused(t, ['rotate', 'acme', '--kind', 'pk', '--overlap-days', '-1'], /must be 0 to 3650/);
  await refused(t, ['revoke', 'acme', 'zzz'], /no key whose digest starts with "zzz"/);
  await refused(t, ['revoke', 'acme', ''], /no key whose digest/);
  await refused(t, ['destroy'], /unknown command 'destroy'/);
});

t.test('rotate: the old keys of that kind end after the overlap, or earlier where they would', async (t) => {
  const sk = `key:sk:${keyDigest('sk')}:-`;
  const early = `key:pk:${keyDigest('early')}:2026-06-17`;
  const over = `key:pk:${keyDigest('over')}:2026-01-01`;
  const tags = [`key:pk:${SPRING}:-`, early, over, sk];
  const { path } = deckFixture(
    t.testdir({}),
    `consumers: [{username: acme, tags: ${JSON.stringify(tags)}}]\n`,
  );
  const { results, code } = await keys(path, 'rotate', 'acme', '--kind', 'pk', '--overlap-days', '7');
  t.equal(code, 0);
  t.same(findConsumer(readDeckFile(path), 'acme').keys, [
    { kind: 'pk', digest: SPRING, expires: '2026-06-22' },
    parseKeyTag(early),
    parseKeyTag(over),
    parseKeyTag(sk),
    { kind: 'pk', digest: keyDigest(results[0] as string), expires: null },
  ]);
});

t.test('list tells kind, digest, expiry and state', async (t) => {
  const over = `key:sk:${keyDigest('over')}:2026-06-14`;
  const { path } = deckFixture(t.testdir({}), DECK.replace('- origin:', `- ${over}\n      - origin:`));
  t.same((await keys(path, 'list', 'acme')).results, [
    `pk\t${SPRING.slice(0, 12)}\tno expiry\tvalid`,
    `sk\t${keyDigest('over').slice(0, 12)}\t2026-06-14\texpired`,
  ]);
  const { results } = await keys(path, 'list', 'acme', '--json');
  t.match(JSON.parse(results[0] as string), [
    { kind: 'pk', digest: SPRING, expires: null, state: 'valid' },
    {},
  ]);
});

t.test('revoke removes the one key that is meant, a digest that starts with "-" too', async (t) => {
  const [first, second] = [`-${SPRING.slice(1)}`, `-${SPRING.slice(1, -1)}A`];
  const tags = [`key:pk:${first}:-`, `key:pk:${second}:-`];
  const text = `consumers: [{username: acme, tags: ${JSON.stringify(tags)}}]\n`;
  await refused(t, ['revoke', 'acme', '-ZFX'], /2 keys of client acme start with "-ZFX"/, text);
  const { path } = deckFixture(t.testdir({}), text);
  t.equal((await keys(path, 'revoke', 'acme', first)).code, 0);
  t.match(findConsumer(readDeckFile(path), 'acme').keys, [{ digest: second }]);
});

t.test('as a command: the key on stdout and nothing else, so that a script can take it', async (t) => {
  const { path } = deckFixture(t.testdir({}));
  const script = join(import.meta.dirname, '../../../infra/operate/keys.ts');
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [script, 'issue', 'acme', '--kind', 'pk', '--deck', path]);
  t.match(stdout, /^pk_acme_[A-Za-z0-9_-]{27}\n$/);
  writeFileSync(path, '- x\n');
  chmodSync(path, 0o600);
  const failed = await run(process.execPath, [script, 'list', 'acme', '--deck', path]).catch(
    (error) => error,
  );
  t.equal(failed.code, 2);
  t.equal(failed.stdout, '');
  t.match(failed.stderr, /^pistats: .*holds no mapping\. \[deck_file\]\n$/);
});
