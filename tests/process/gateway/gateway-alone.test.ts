import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { caller } from '../../support/admin-fixture.ts';
import { ask } from '../../support/gateway-fixture.ts';

const BOOT = join(import.meta.dirname, '../../../infra/local/bootstrap.mjs');
const DECK = join(import.meta.dirname, '../../../deck.yaml');

/** `npm run gateway -- …`, and what it printed once it was ready. */
async function gateway(t: Test, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [BOOT, 'gateway', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const stop = async () => {
    child.kill('SIGTERM');
    return ended;
  };
  t.teardown(stop);
  const line = await waitUntil(
    'the gateway is ready',
    () => {
      if (child.exitCode !== null) throw new Error(stderr);
      return /^\{.*"ready":true.*\}$/m.exec(stdout)?.[0];
    },
    { timeoutMs: 20_000 },
  );
  const ports = JSON.parse(line) as { proxyPort: number; adminPort: number };
  return { ...ports, stop, ended, said: () => stderr };
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-gateway-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

t.test('from deck.yaml alone: it serves, its Admin API is read-only and says so', async (t) => {
  const alone = await gateway(t, '--proxy-port', '0', '--admin-port', '0', '--declarative', DECK);
  const { status, body } = await ask(alone.proxyPort, '/v1/registrations', { method: 'POST', body: '{}' });
  t.equal(status, 401);
  t.match(body, /"code":"key_missing"/);
  t.match(alone.said(), /is read-only: what is served comes from .*deck\.yaml alone/);
  const call = caller(alone.adminPort);
  t.match(await call('GET', '/consumers/demo-news'), { status: 200 });
  t.match(await call('POST', '/consumers', { username: 'x' }), { status: 405 });
  t.equal(await alone.stop(), 0);
  await t.rejects(ask(alone.proxyPort, '/'));
});

t.test('what is synced is there after a restart', async (t) => {
  const dir = folder(t);
  const args = ['--proxy-port', '0', '--admin-port', '0', '--data', dir];
  const first = await gateway(t, ...args);
  const call = caller(first.adminPort);
  t.match(await call('GET', '/schemas/plugins/client-auth'), { status: 200 });
  t.match(await call('POST', '/consumers', { username: 'kept', tags: ['x'] }), { status: 201 });
  const { body } = JSON.parse(JSON.stringify(await call('GET', '/consumers/kept')));
  t.equal(await first.stop(), 0);
  const second = await gateway(t, ...args);
  t.same((await caller(second.adminPort)('GET', '/consumers/kept')).body, body);
  await second.stop();
});

t.test('bad usage is one sentence', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'bad.yaml'), 'services: [{name: s}]\n');
  const cases: [args: string[], code: number, sentence: RegExp][] = [
    [['--proxy-port', '0'], 2, /give --declarative FILE, --data FOLDER, or both/],
    [[], 2, /required option '--proxy-port <port>' not specified/],
    [['--proxy-port', '70000', '--data', dir], 2, /expected a port/],
    [
      ['--proxy-port', '0', '--declarative', join(dir, 'bad.yaml')],
      1,
      /_format_version: required field missing/,
    ],
    [['--proxy-port', '0', '--declarative', join(dir, 'none.yaml')], 1, /can't be read \(ENOENT\)/],
  ];
  for (const [args, code, sentence] of cases) {
    const child = spawn(process.execPath, [BOOT, 'gateway', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    t.equal(await new Promise((resolve) => child.once('exit', resolve)), code, args.join(' '));
    t.match(said, sentence);
    t.notMatch(said, /\n\s+at /, 'no stack trace');
  }
});
