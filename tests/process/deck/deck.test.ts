import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { findDeck } from '../../../infra/deck/deck-binary.ts';
import { DECK_DEFAULTS } from '../../../infra/deck/deck-environment.ts';
import { gatewayFor } from '../../support/gateway-fixture.ts';
import { recordingProxy } from './recording-proxy.ts';
import { DECK_FILE, gatewayForDeck } from './synced-gateway.ts';

/** The real decK against our Admin API. PISTATS_RECORD=1 renews the calls that are replayed where there is no decK. */
const deck = findDeck();
const skip = deck ? false : 'skipped: decK not found';
const RECORDED = join(import.meta.dirname, 'deck-calls.ndjson');

interface Outcome {
  code: number;
  output: string;
}

function run(port: number, ...args: string[]): Promise<Outcome> {
  const env = {
    ...process.env,
    DECK_ANALYTICS: 'off',
    DECK_REDIS_HOST: '127.0.0.1',
    DECK_REDIS_PORT: '6379',
    ...DECK_DEFAULTS,
  };
  return new Promise((resolve) =>
    execFile(
      deck as string,
      ['gateway', ...args, '--kong-addr', `http://127.0.0.1:${port}`],
      { env },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: `${stdout}${stderr}` }),
    ),
  );
}

const summary = ({ output }: Outcome) =>
  ['Created', 'Updated', 'Deleted'].map((word) =>
    Number(new RegExp(`${word}: (\\d+)`).exec(output)?.[1] ?? Number.NaN),
  );

/** A copy of our file with one change. */
function edited(t: Test, from: string | RegExp, to: string): string {
  const file = join(t.testdir({}), 'deck.yaml');
  writeFileSync(file, readFileSync(DECK_FILE, 'utf8').replace(from, to));
  return file;
}

t.test('ping, validate, sync, sync again, diff', { skip }, async (t) => {
  const { gateway } = await gatewayForDeck(t);
  const proxy = await recordingProxy(gateway.adminPort as number);
  t.teardown(() => proxy.close());
  const { port } = proxy;
  t.match(await run(port, 'ping'), { code: 0, output: /Kong version: +3\.9/ });
  t.match(await run(port, 'validate', DECK_FILE), { code: 0 });
  t.match(await run(port, 'diff', '--non-zero-exit-code', DECK_FILE), { code: 2 }, 'nothing is there yet');

  const first = await run(port, 'sync', DECK_FILE);
  t.equal(first.code, 0, first.output);
  const [created = 0, ...others] = summary(first);
  t.ok(created > 40);
  t.same(others, [0, 0]);
  const again = await run(port, 'sync', DECK_FILE);
  t.same(summary(again), [0, 0, 0], again.output);
  t.match(await run(port, 'diff', '--non-zero-exit-code', DECK_FILE), { code: 0 });
  if (process.env.PISTATS_RECORD)
    writeFileSync(RECORDED, proxy.calls.map((call) => `${JSON.stringify(call)}\n`).join(''));
});

t.test('dump, and a sync of the dump, change nothing', { skip }, async (t) => {
  const { gateway } = await gatewayForDeck(t);
  const port = gateway.adminPort as number;
  await run(port, 'sync', DECK_FILE);
  for (const flags of [[], ['--skip-defaults']]) {
    const file = join(t.testdir({}), 'dump.yaml');
    t.match(await run(port, 'dump', '--select-tag', 'pistats', '-o', file, '--yes', ...flags), { code: 0 });
    t.match(readFileSync(file, 'utf8'), /username: demo-news/);
    t.same(summary(await run(port, 'sync', file)), [0, 0, 0]);
  }
});

t.test('an edit is one update; what is taken out is deleted; a reset empties it', { skip }, async (t) => {
  const { gateway, call } = await gatewayForDeck(t);
  const port = gateway.adminPort as number;
  await run(port, 'sync', DECK_FILE);
  const revoked = edited(t, /\n {6}- key:pk:nZFX\S+/, '');
  t.same(summary(await run(port, 'sync', revoked)), [0, 1, 0], 'a key revoked');
  const { body } = await call('GET', '/consumers/demo-news');
  t.notMatch(JSON.stringify(body.tags), /key:pk:/);

  const without = edited(t, /\n {2}- username: demo-tv[\s\S]*$/, '\n');
  t.same(summary(await run(port, 'sync', without)).at(2), 1, 'a client taken out');
  t.match(await run(port, 'reset', '--force'), { code: 0 });
  t.same((await call('GET', '/routes')).body.data, []);
});

t.test('select tags: what others own is left alone', { skip }, async (t) => {
  const { gateway, call } = await gatewayForDeck(t);
  const port = gateway.adminPort as number;
  await call('POST', '/consumers', { username: 'of-another-team', tags: ['team-b'] });
  await run(port, 'sync', DECK_FILE);
  t.match(await run(port, 'reset', '--force', '--select-tag', 'pistats'), { code: 0 });
  t.same(
    (await call('GET', '/consumers')).body.data.map(({ username }: { username: string }) => username),
    ['of-another-team'],
  );
});

t.test('a schema error names its field, and nothing is synced', { skip }, async (t) => {
  const { gateway, call } = await gatewayForDeck(t);
  const port = gateway.adminPort as number;
  for (const [from, to, named] of [
    ['kind: pk', 'kind: xk', /config\.kind: expected one of: pk, sk/],
    ['key_in_body: false', 'key_in_boby: false', /config\.key_in_boby: unknown field/],
    ['strip_path: false', 'strip_path: maybe', /strip_path/],
    ['name: client-auth', 'name: client-oath', /client-oath/],
  ] as const) {
    const { code, output } = await run(port, 'validate', edited(t, from, to));
    t.equal(code, 1, to);
    t.match(output, named);
  }
  t.same((await call('GET', '/services')).body.data, []);
});

t.test('a read-only gateway: decK says why it can not sync', { skip }, async (t) => {
  const gateway = await gatewayFor(t, 'consumers: [{username: old}]', { adminPort: 0 });
  const { code, output } = await run(gateway.adminPort as number, 'sync', DECK_FILE);
  t.equal(code, 1);
  t.match(output, /when not using a database/);
});
