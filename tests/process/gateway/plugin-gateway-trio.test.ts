import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { fakeAws } from '../../support/fake-aws.ts';
import { ask, gatewayFor } from '../../support/gateway-fixture.ts';
import { newKey } from '../../support/keys.ts';
import { socketDir } from '../../support/server-fixture.ts';
import { type Passed, tapPluginServer } from './plugin-tap.ts';

const ROOT = join(import.meta.dirname, '../../..');
const { key, tag } = newKey('pk');
const HEADERS = { 'x-api-key': key, 'content-type': 'application/json' };

/** Listed the wrong way round: what counts is the priority in the dumps. */
const yaml = (rate: number) => `consumers: [{username: acme, tags: ["${tag}"]}]
services:
- name: s
  url: http://s.invalid
  plugins:
  - {name: request-termination, config: {status_code: 503, message: backstop}}
  - {name: kinesis-forward, config: {stream: facts}}
  - {name: lambda-invoke, config: {function: register, path: /v1/registrations}}
  - {name: client-auth, config: {kind: pk, rate: ${rate}, burst: 1000}}
  routes: [{name: r, paths: ["/v1/registrations"], strip_path: false}]`;

const FACT = { specversion: '1.0', id: '0199', source: '/clients/acme', type: 'registration', data: {} };

async function startPluginServer(t: Test, socket: string) {
  const child = spawn(process.execPath, [join(ROOT, 'kong/plugin-server/main.ts')], {
    env: { ...process.env, PISTATS_SOCKET: socket },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await exited;
  };
}

/** The built plugins in a process of their own, the gateway here, and a tap between the two. */
async function setUp(t: Test) {
  const aws = await fakeAws(t, ({ path }) =>
    path.includes('/functions/')
      ? { body: { statusCode: 201, headers: { 'x-from': 'lambda' }, body: '{"ok":true}', events: [FACT] } }
      : { body: { FailedRecordCount: 0, Records: [{ SequenceNumber: '1', ShardId: 's' }] } },
  );
  const socket = join(socketDir(t), 's');
  const kill = await startPluginServer(t, socket);
  const tap = await tapPluginServer(t, socket);
  const gateway = await gatewayFor(t, yaml(0), {
    socketPath: tap.path,
    dumpsDir: join(ROOT, 'dist/plugins/dumps'),
  });
  const post = (headers: Record<string, string> = HEADERS) =>
    ask(gateway.proxyPort, '/v1/registrations', { method: 'POST', body: '{}', headers });
  const restart = async () => {
    await kill();
    await startPluginServer(t, socket);
  };
  return { aws, tap, gateway, post, restart };
}

const started = (passed: Passed[]) => passed.filter((one) => one.what === 'start');
const events = (passed: Passed[]) => passed.filter((one) => one.what === 'event');
/** The plugin of an event: the one its instance was started for. */
const namesOf = (passed: Passed[]) =>
  events(passed).map(({ id }) => started(passed).findLast((one) => one.id === id)?.name ?? 'unknown');

t.test('the three plugins run by priority, and only the last one answers', async (t) => {
  const { aws, tap, post } = await setUp(t);
  const answer = await post();
  t.same([answer.status, answer.body, answer.headers['x-from']], [201, '{"ok":true}', 'lambda']);
  t.same(namesOf(tap.passed), ['client-auth', 'lambda-invoke', 'kinesis-forward']);
  t.ok(events(tap.passed).every(({ phase }) => phase === 'access'));
  const [auth, invoke, forward] = events(tap.passed);
  t.same(auth?.methods.slice(-2), ['kong.client.authenticate', 'kong.ctx.shared.set']);
  t.equal(invoke?.methods.at(-1), 'kong.ctx.shared.set');
  t.equal(forward?.methods.at(-1), 'kong.response.exit');
  t.same([auth?.returned, invoke?.returned, forward?.returned], [true, true, false]);
  const id = answer.headers['x-kong-request-id'];
  const [invocation, records] = aws.requests;
  t.equal(invocation?.body.requestContext.requestId, id);
  const data = Buffer.from(records?.body.Records[0].Data, 'base64');
  t.match(JSON.parse(data.toString()), [{ requestid: id, clientid: 'acme' }]);
});

t.test('connections go on after a return and end with an answer', async (t) => {
  const { tap, post } = await setUp(t);
  for (let i = 0; i < 3; i++) t.equal((await post()).status, 201);
  // one is used by every call that returns, and each answer takes one with it
  const answered = events(tap.passed).filter(({ returned }) => !returned);
  t.equal(new Set(answered.map(({ connection }) => connection)).size, 3);
  t.same(
    answered.map((event) => tap.passed.findLast((one) => one.connection === event.connection) === event),
    [true, true, true],
    'nothing more was sent on it',
  );
  t.equal(started(tap.passed).length, 3, 'three plugins, started once');
});

t.test('a request that is refused early reaches no later plugin', async (t) => {
  const { aws, tap, post } = await setUp(t);
  t.equal((await post({})).status, 401);
  t.same(namesOf(tap.passed), ['client-auth']);
  t.same(aws.requests, []);
});

t.test('a changed configuration is started before the old instance is closed', async (t) => {
  const { tap, gateway, post } = await setUp(t);
  t.equal((await post()).status, 201);
  const before = tap.passed.length;
  gateway.write(yaml(50));
  await gateway.reload();
  await waitUntil('the old instance is closed', () => tap.passed.some(({ what }) => what === 'close'), {
    everyMs: 5,
  });
  const since = tap.passed.slice(before);
  t.same(
    since.map(({ what }) => what),
    ['start', 'close'],
    'only the plugin that changed',
  );
  const [first, second] = since;
  t.match(first, { name: 'client-auth', config: { rate: 50 } });
  const old = started(tap.passed).find(({ name }) => name === 'client-auth');
  t.equal(second?.id, old?.id);
  t.ok(Number(started(since)[0]?.config.__seq__) > Number(old?.config.__seq__));
  t.equal((await post()).status, 201);
  t.equal(events(tap.passed).at(-3)?.id, first?.id, 'the new instance is the one that is used');
});

t.test(
  'a plugin server that was started anew gets its instances again, and the client sees nothing',
  async (t) => {
    const { aws, tap, post, restart } = await setUp(t);
    t.equal((await post()).status, 201);
    await restart();
    const before = tap.passed.length;
    const answer = await post();
    t.equal(answer.status, 201);
    const since = tap.passed.slice(before);
    t.same(
      since.map(({ what }) => what).slice(0, 3),
      ['event', 'start', 'event'],
      'tried, started, repeated',
    );
    const [lost, again, repeated] = since;
    t.not(lost?.id, again?.id, 'ids of another process are no ids of this one');
    t.equal(repeated?.id, again?.id);
    const invocations = aws.requests.filter(({ path }) => path.includes('/functions/'));
    t.equal(invocations.length, 2, 'one a request: no plugin before this one had done anything');
    t.equal(invocations[1]?.body.requestContext.requestId, answer.headers['x-kong-request-id']);
  },
);
