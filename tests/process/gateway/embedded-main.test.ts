import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startFakePluginServer } from '../../support/fake-plugin-server.ts';
import { ask, dump, service } from '../../support/gateway-fixture.ts';

const MAIN = 'infra/local/gateway/main.ts';
const dir = mkdtempSync(join(tmpdir(), 'gm-'));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, yaml: string): string {
  const path = join(dir, name);
  writeFileSync(path, `_format_version: "3.0"\n${yaml}`);
  return path;
}

const terminated = (body: string) =>
  service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: request-termination, config: {status_code: 200, body: ${body}}}]`);

/** Runs the command; `ready` is its line on stdout, `ended` its exit code and all it said on stderr. */
function run(args: string[], env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, PISTATS_DUMPS_DIR: dir, ...env },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  let stdout = '';
  const waiting: (() => void)[] = [];
  child.stderr?.on('data', (data) => {
    stderr += data;
    for (const check of waiting) check();
  });
  const ready = new Promise<{ proxyPort: number; statusPort?: number }>((resolve, reject) => {
    child.stdout?.on('data', (data) => {
      stdout += data;
      if (stdout.includes('\n')) resolve(JSON.parse(stdout));
    });
    child.once('exit', () => reject(new Error(stderr)));
  });
  ready.catch(() => {});
  const ended = once(child, 'close').then(([code]) => ({ code, stderr }));
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const check = () => stderr.includes(text) && resolve();
      waiting.push(check);
      check();
    });
  return { child, ready, ended, said };
}

t.test('ready, reloaded on SIGHUP, ended on SIGTERM', async (t) => {
  const path = file('live.yaml', terminated('one'));
  const { child, ready, ended, said } = run([
    '--declarative',
    path,
    '--proxy-port',
    '0',
    '--status-port',
    '0',
  ]);
  const { proxyPort, statusPort } = await ready;
  t.equal((await ask(proxyPort, '/')).body, 'one');
  t.equal((await ask(statusPort as number, '/status/ready')).status, 200);

  file('live.yaml', terminated('two'));
  child.kill('SIGHUP');
  await said('was read again');
  t.equal((await ask(proxyPort, '/')).body, 'two');

  file('live.yaml', 'services: 1');
  child.kill('SIGHUP');
  await said('kept the configuration in use');
  await said('expected an array');
  t.equal((await ask(proxyPort, '/')).body, 'two');

  child.kill('SIGTERM');
  t.equal((await ended).code, 0);
});

t.test('SIGTERM lets a request finish and takes no new one', async (t) => {
  const { promise: arrived, resolve: onArrival } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let first = true;
  const plugins = await startFakePluginServer({
    one: async (event) => {
      // those that come before the signal is seen must not be held as well
      const isLate = first;
      first = false;
      onArrival();
      if (isLate) await released;
      event.exit(200, isLate ? 'late' : 'early');
      return undefined;
    },
  });
  t.teardown(() => plugins.close());
  const dumps = mkdtempSync(join(dir, 'dumps-'));
  writeFileSync(join(dumps, 'one.json'), JSON.stringify(dump('one', 1)));
  const path = file('drain.yaml', service('  routes: [{name: r, paths: ["/"]}]\n  plugins: [{name: one}]'));
  const env = { PISTATS_SOCKET: plugins.path, PISTATS_DUMPS_DIR: dumps };
  const { child, ready, ended } = run(['--declarative', path, '--proxy-port', '0'], env);
  const { proxyPort } = await ready;
  const late = ask(proxyPort, '/');
  await arrived;
  child.kill('SIGTERM');
  let refused = false;
  while (!refused)
    refused = await ask(proxyPort, '/').then(
      () => false,
      () => true,
    );
  release();
  t.match(await late, { body: 'late', headers: { connection: 'close' } });
  t.equal((await ended).code, 0);
});

t.test('what can not be started ends with one sentence and code 1', async (t) => {
  const path = file('sound.yaml', terminated('x'));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const cases: [string[], Record<string, string>, RegExp][] = [
    [
      ['--declarative', path, '--proxy-port', `${port}`],
      {},
      new RegExp(`^Port ${port} is already in use\\.\n$`),
    ],
    [
      ['--declarative', path, '--proxy-port', '0', '--status-port', `${port}`],
      {},
      new RegExp(`^Port ${port} is already in use\\.\n$`),
    ],
    [['--declarative', join(dir, 'no'), '--proxy-port', '0'], {}, /^.*no can't be read \(ENOENT\)\.\n$/],
    [
      ['--declarative', file('bad.yaml', 'services: [{name: s}]'), '--proxy-port', '0'],
      {},
      /^.*bad\.yaml: service s: host: required field missing\n$/,
    ],
    [['--declarative', path, '--proxy-port', 'x'], {}, /expected a port/],
    [['--proxy-port', '0'], {}, /give --declarative <file>, --data <folder>, or both/],
    [
      ['--declarative', path, '--proxy-port', '0'],
      { PISTATS_TRUSTED_IPS: 'a/8' },
      /^'a\/8' is neither an IP/,
    ],
    [
      ['--declarative', path, '--proxy-port', '0'],
      { PISTATS_LOG_LEVEL: 'loud' },
      /^PISTATS_LOG_LEVEL is none/,
    ],
    [['--declarative', path, '--proxy-port', '0'], { PISTATS_PLUGIN_TIMEOUT_MS: '-1' }, /is not a positive/],
  ];
  await Promise.all(
    cases.map(async ([args, env, message]) => {
      const { code, stderr } = await run(args, env).ended;
      t.equal(code, 1, args.join(' '));
      t.match(stderr, message);
      t.notMatch(stderr, /\n\s+at /, 'no stack trace');
    }),
  );
});
