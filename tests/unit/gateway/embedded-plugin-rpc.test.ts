import t from 'tap';
import {
  AuthenticateArgs,
  Consumer,
  ConsumerSpec,
  KeyValue,
  NumberBox,
  RawBody,
  StringBox,
} from '../../../kong/protocol/plugin-messages.ts';
import {
  decodeMessage,
  decodeValue,
  encodeList,
  encodeMessage,
  type Json,
} from '../../../kong/protocol/protobuf.ts';
import { type FakeEvent, type Handler, startFakePluginServer } from '../../support/fake-plugin-server.ts';
import { ask, dump, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { CONSUMER, setUp } from '../../support/plugin-rpc-fixture.ts';

const text = (v: string) => encodeMessage(StringBox, { v });
const value = (k: string, v: Json) => encodeMessage(KeyValue, { k, v });
const stringOf = (payload: Buffer) => (payload.length === 0 ? null : decodeMessage(StringBox, payload).v);

t.test('an instance is started once, with the configuration Kong sends', async (t) => {
  const { server, get } = await setUp(t, (event) => {
    event.exit(200, JSON.stringify(event.config));
    return undefined;
  });
  const answers = await Promise.all([get(), get(), get()]);
  t.equal(server.started.length, 1);
  const config = JSON.parse(answers[0]?.body ?? '');
  t.match(config, { size: 7, __seq__: 1, __plugin_id: /^[0-9a-f-]{36}$/, service_id: /^[0-9a-f-]{36}$/ });
  t.match(config.__key__, /^plugins:one::[0-9a-f-]{36}:::[0-9a-f-]{36}$/);
  t.notOk('name' in config, 'null fields are left out');
});

t.test('an answer of the plugin reaches the client as it is', async (t) => {
  const { get } = await setUp(t, (event) => {
    event.exit(201, '{"é":1}', {
      'content-type': 'application/json',
      'x-list': ['a', 'b'],
      'x-number': 5,
      'x-text': 'é',
      'content-length': '999',
      'transfer-encoding': 'chunked',
    });
    return undefined;
  });
  const answer = await get();
  t.equal(answer.status, 201);
  t.equal(answer.body, '{"é":1}');
  t.match(answer.headers, {
    'content-type': 'application/json',
    'content-length': '8',
    'x-list': 'a, b',
    'x-number': '5',
    connection: 'keep-alive',
    server: 'kong/3.9.3',
    'x-kong-request-id': /^[0-9a-f]{32}$/,
  });
  t.equal(Buffer.from(answer.headers['x-text'] as string, 'latin1').toString(), 'é');
  const empty = await get('/', { method: 'HEAD' });
  t.equal(empty.status, 201);
});

t.test('a plugin that answers nothing lets the request go on to the backstop', async (t) => {
  const { get } = await setUp(t, () => undefined);
  const answer = await get();
  t.same([answer.status, answer.body], [503, '{"message":"backstop"}']);
});

t.test('connections are kept, except after an answer', async (t) => {
  let exits = false;
  const { server, get } = await setUp(t, (event) => {
    if (exits) event.exit(200);
    return undefined;
  });
  for (let i = 0; i < 5; i++) await get();
  t.equal(server.connections, 1);
  exits = true;
  for (let i = 0; i < 3; i++) t.equal((await get()).status, 200);
  t.equal(server.connections, 3, 'each answer takes its connection with it');
});

/** Runs one event and gives the client what the handler returns as JSON. */
const report = (run: (event: FakeEvent) => Promise<unknown>): Handler => {
  return async (event) => {
    event.exit(200, JSON.stringify(await run(event)));
    return undefined;
  };
};

t.test('what the PDK tells about a request', async (t) => {
  const { get } = await setUp(
    t,
    report(async ({ call }) => ({
      method: stringOf(await call('kong.request.get_method')),
      path: stringOf(await call('kong.request.get_path')),
      query: stringOf(await call('kong.request.get_raw_query')),
      header: stringOf(await call('kong.request.get_header', text('X_Twice'))),
      noHeader: stringOf(await call('kong.request.get_header', text('nosuch'))),
      body: decodeMessage(RawBody, await call('kong.request.get_raw_body')).content?.toString(),
      forwarded: stringOf(await call('kong.client.get_forwarded_ip')),
      id: stringOf(await call('kong.nginx.get_var', text('kong_request_id'))),
      noVar: stringOf(await call('kong.nginx.get_var', text('nosuch'))),
      started: decodeMessage(NumberBox, await call('kong.nginx.req_start_time')).v,
    })),
  );
  const before = Date.now() / 1000;
  const answer = await get('/a/../b%20c?a=1&b&a=2', {
    method: 'POST',
    body: 'the body',
    headers: { 'x-twice': 'é', 'x-forwarded-for': '9.9.9.9' },
  });
  const told = JSON.parse(answer.body);
  t.match(told, {
    method: 'POST',
    path: '/b%20c',
    query: 'a=1&b&a=2',
    noHeader: null,
    body: 'the body',
    forwarded: '127.0.0.1',
    id: answer.headers['x-kong-request-id'],
    noVar: null,
  });
  t.ok(told.started >= before - 1 && told.started <= Date.now() / 1000);
  const twice = JSON.parse((await get('/?b=1', { headers: { 'x-twice': 'one' } })).body);
  t.equal(twice.header, 'one');
  t.equal(twice.body, '');
});

t.test('calls written together are answered in order, however the bytes are split', async (t) => {
  const { get } = await setUp(
    t,
    report(async ({ calls }) => {
      const answers = await calls([
        ['kong.request.get_header', text('x-a')],
        ['kong.request.get_raw_body'],
        ['kong.request.get_header', text('nosuch')],
        ['kong.ctx.shared.set', value('k', { list: [1, 'two', false], nested: { deep: null } })],
        ['kong.ctx.shared.get', text('k')],
        ['kong.ctx.shared.get', text('nosuch')],
        ['kong.log.err', encodeList(['a', 1])],
      ]);
      return [
        stringOf(answers[0] as Buffer),
        answers[1]?.length,
        answers[2]?.length,
        answers[3]?.length,
      ].concat(
        decodeValue(answers[4] as Buffer) as never,
        decodeValue(answers[5] as Buffer) as never,
        answers[6]?.length,
      );
    }),
    { chunk: 1 },
  );
  const { body } = await get('/', { method: 'POST', body: 'xyz', headers: { 'x-a': 'A' } });
  t.same(JSON.parse(body), ['A', 5, 0, 0, { list: [1, 'two', false], nested: { deep: null } }, null, 0]);
});

t.test('consumers are loaded by id or name, and authenticated', async (t) => {
  const { get } = await setUp(
    t,
    report(async ({ call }) => {
      const load = async (id: string, by_username: boolean) => {
        const payload = await call(
          'kong.client.load_consumer',
          encodeMessage(ConsumerSpec, { id, by_username }),
        );
        return payload.length === 0 ? null : decodeMessage(Consumer, payload);
      };
      const byName = await load('acme', true);
      const credential = { id: 'key', consumer_id: CONSUMER };
      await call(
        'kong.client.authenticate',
        encodeMessage(AuthenticateArgs, { consumer: byName, credential }),
      );
      return {
        byName,
        byId: await load(CONSUMER, false),
        unknown: await load('nobody', true),
      };
    }),
  );
  const told = JSON.parse((await get()).body);
  const consumer = { id: CONSUMER, username: 'acme', custom_id: 'c1', tags: ['a', 'b'] };
  t.match(told, {
    byName: consumer,
    byId: consumer,
    unknown: null,
  });
});

t.test('X-Forwarded-For counts from trusted peers only', async (t) => {
  const server = await startFakePluginServer({
    one: report(async ({ call }) => stringOf(await call('kong.client.get_forwarded_ip'))),
  });
  t.teardown(() => server.close());
  const { proxyPort } = await gatewayFor(
    t,
    service('  routes: [{name: r, paths: ["/"]}]\n  plugins: [{name: one}]'),
    { socketPath: server.path, dumps: [dump('one', 1)], trustedIps: ['127.0.0.0/8', '10.0.0.1'] },
  );
  for (const [sent, expected] of [
    ['9.9.9.9', '9.9.9.9'],
    ['9.9.9.9, 10.0.0.1', '9.9.9.9'],
    ['1.1.1.1, 9.9.9.9', '9.9.9.9'],
    ['nonsense, 10.0.0.1', '10.0.0.1'],
    ['nonsense', '127.0.0.1'],
    ['', '127.0.0.1'],
  ] as const)
    t.equal(
      JSON.parse((await ask(proxyPort, '/', { headers: { 'x-forwarded-for': sent } })).body),
      expected,
      sent,
    );
});
