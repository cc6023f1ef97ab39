import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { StringBox } from '../../../kong/protocol/plugin-messages.ts';
import { encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { connectKong, type FakeKong } from '../../support/fake-kong.ts';
import { socketDir } from '../../support/server-fixture.ts';

const MAIN = join(import.meta.dirname, '../../../kong/plugin-server/main.ts');
const KEY = 'pk_acme_abcdefghijklmnopqrstuvwxyzA';

interface Running {
  child: ChildProcess;
  out(): string;
  err(): string;
  exited: Promise<number | null>;
}

function run(t: Parameters<typeof socketDir>[0], env: Record<string, string>): Running {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  // close, not exit: the output is complete then
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  t.teardown(() => {
    child.kill('SIGKILL');
    return exited;
  });
  return { child, out: () => out, err: () => err, exited };
}

async function ready(t: Parameters<typeof socketDir>[0], env: Record<string, string> = {}) {
  const socket = join(socketDir(t), 's');
  const running = run(t, { PISTATS_SOCKET: socket, ...env });
  await waitUntil('the plugin server is ready', () => running.out().endsWith('\n'));
  const { metricsPort, ...rest } = JSON.parse(running.out());
  t.teardown(() => kong.close());
  const kong = await connectKong(socket);
  return { ...running, kong, socket, metricsPort: metricsPort as number, line: rest };
}

const metricsOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
const withKey = (kong: FakeKong, id: number) =>
  kong.event(id, (open) =>
    open.map(({ args, method }) =>
      method === 'kong.request.get_header' && args.includes('x-api-key')
        ? encodeMessage(StringBox, { v: KEY })
        : undefined,
    ),
  );

t.test(
  'the built plugins are served; a request without a key is 401, one with an unknown key too',
  async (t) => {
    const { kong, child, exited, socket, line, metricsPort, out, err } = await ready(t);
    t.same(line, { ready: true, socket });
    const auth = { kind: 'pk', key_in_body: false, cache_ttl_ms: 1000, cache_size: 10 };
    const id = await kong.start('client-auth', auth);
    const missing = await kong.event(id);
    t.match(missing, { exit: { status: 401, body: /"code":"key_missing"/ } });
    const other = await connectKong(socket);
    t.match(await withKey(other, id), { exit: { status: 401, body: /"code":"key_invalid"/ } });
    const metrics = await metricsOf(metricsPort);
    t.match(metrics, /pistats_pdk_round_trips_count\{plugin="client-auth"\} 2\n/);
    t.match(metrics, /^process_cpu_seconds_total /m);
    t.equal((await fetch(`http://127.0.0.1:${metricsPort}/`)).status, 404);
    child.kill('SIGTERM');
    t.equal(await exited, 0);
    t.notMatch(out() + err(), KEY, 'the key is in no log');
  },
);

const BROKEN = `
class Plugin { access() { throw new TypeError('pk_acme_secret'); } }
module.exports = { Plugin, Version: '1.0.0', Priority: 1, Schema: [] };`;

t.test('a plugin that throws: where is logged, what it said is not, and it is counted', async (t) => {
  const names = ['client-auth', 'lambda-invoke', 'kinesis-forward'];
  const files = names.map((name) => [`${name}.cjs`, `${BROKEN}\nmodule.exports.Name = '${name}';`]);
  const PISTATS_PLUGINS_DIR = t.testdir(Object.fromEntries(files));
  const { kong, err, metricsPort } = await ready(t, { PISTATS_PLUGINS_DIR });
  const outcome = await kong.event(await kong.start('lambda-invoke'));
  t.match(outcome, { exit: { status: 503 } });
  await waitUntil('it is logged', () => err().includes('lambda-invoke.cjs'), { everyMs: 5 });
  t.match(
    err(),
    /^\{"level":"WARN","message":"plugin_failed",.*"cause":"TypeError","plugin":"lambda-invoke","frames":\["at Plugin\.access/,
  );
  t.notMatch(err(), 'pk_acme_secret');
  t.match(await metricsOf(metricsPort), /pistats_plugin_failures_total\{plugin="lambda-invoke"\} 1\n/);
});

t.test('without a socket path it says what is missing', async (t) => {
  const { exited, err } = run(t, {});
  t.equal(await exited, 2);
  t.equal(err(), 'PISTATS_SOCKET is not set: the path of the Unix socket to serve\n');
});
