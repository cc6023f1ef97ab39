import t from 'tap';
import {
  AuthenticateArgs,
  Consumer,
  ConsumerSpec,
  StringBox,
} from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { type FakeEvent, type Handler, startFakePluginServer } from '../../support/fake-plugin-server.ts';
import { ask, dump, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { BACKSTOP, setUp } from '../../support/plugin-rpc-fixture.ts';

const text = (v: string) => encodeMessage(StringBox, { v });
const stringOf = (payload: Buffer) => (payload.length === 0 ? null : decodeMessage(StringBox, payload).v);
const UNEXPECTED = '{"message":"An unexpected error occurred"}';

t.test('a connection closed in the middle: the event is repeated, with the same request id', async (t) => {
  const ids: unknown[] = [];
  const { server, get } = await setUp(t, async (event) => {
    ids.push(stringOf(await event.call('kong.nginx.get_var', text('kong_request_id'))));
    if (ids.length === 1) event.drop();
    else event.exit(201);
    return undefined;
  });
  const answer = await get();
  t.equal(answer.status, 201);
  t.equal(ids.length, 2);
  t.equal(ids[0], ids[1]);
  t.equal(ids[0], answer.headers['x-kong-request-id']);
  t.equal(server.started.length, 2, 'the instance was started again first');
});

t.test('a restarted server is given its instance again', async (t) => {
  const { server, get } = await setUp(t, (event) => {
    event.exit(200);
    return undefined;
  });
  t.equal((await get()).status, 200);
  server.forget();
  t.equal((await get()).status, 200);
  t.equal(server.started.length, 2);
});

t.test('a server that closes every time: 500 in the end', async (t) => {
  const { server, get } = await setUp(t, (event) => {
    event.drop();
    return undefined;
  });
  const answer = await get();
  t.equal(answer.status, 500);
  t.match(answer.body, `"request_id":"${answer.headers['x-kong-request-id']}"`);
  t.equal(server.events, 6);
});

t.test('a server that hangs: 500 when the time is over', async (t) => {
  const { get } = await setUp(t, () => 'open', { timeoutMs: 100 });
  const answer = await get();
  t.equal(answer.status, 500);
  t.match(answer.body, '"message":"An unexpected error occurred"');
  t.match(answer.body, 'request_id');
});

t.test('no server at all: 500 and nothing is let through', async (t) => {
  const { server, gateway, get } = await setUp(t, (event) => {
    event.exit(200);
    return undefined;
  });
  t.equal((await get()).status, 200);
  await server.close();
  t.equal((await get()).status, 500, 'with the instance known');
  t.equal((await get()).status, 500);
  t.match(gateway.logs.join(), 'pluginserver error');
  const cold = await gatewayFor(t, service('  routes: [{name: r, paths: ["/"]}]\n  plugins: [{name: one}]'), {
    socketPath: '/nonexistent/socket',
    dumps: [dump('one', 1)],
  });
  const answer = await ask(cold.proxyPort, '/');
  t.same([answer.status, answer.body], [500, UNEXPECTED], 'the start of an instance raises');
});

t.test('what raises in Lua is a 500', async (t) => {
  const faults: Record<string, (event: FakeEvent) => unknown> = {
    '/method': (event) => event.call('kong.nosuch.method'),
    '/prototype': (event) => event.call('constructor'),
    '/status': (event) => event.exit(99),
    '/header': (event) => event.exit(200, '', { 'x-a': { nested: 1 } }),
    '/name': (event) => event.exit(200, '', { 'x a': 'b' }),
    '/consumer': (event) =>
      event.call('kong.client.load_consumer', encodeMessage(ConsumerSpec, { id: 'acme' })),
    '/nobody': (event) => event.call('kong.client.authenticate'),
    '/args': (event) => event.call('kong.request.get_header', Buffer.from([0xff])),
    '/return': (event) => {
      event.write(Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff]));
      return event.call('never');
    },
    '/sequence': (event) => {
      event.write(Buffer.from([0, 0, 0, 0, 3, 0, 0, 0, 8, 0xe7, 7]));
      return event.call('never');
    },
    '/large': (event) => {
      event.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      return event.call('never');
    },
  };
  const { get } = await setUp(t, async (event) => {
    const path = `${stringOf(await event.call('kong.request.get_path'))}`;
    if (!faults[path]) event.exit(200);
    else void faults[path](event);
    return 'open' as const;
  });
  for (const path of Object.keys(faults)) t.equal((await get(`${path}?b`)).status, 500, path);
  t.equal((await get('/')).status, 200, 'and the gateway goes on');
});

t.test('a header value can end no line: its control characters are escaped', async (t) => {
  const { get } = await setUp(t, (event) => {
    event.exit(200, '', { 'x-a': 'b\r\nx-c:\td\u007f' });
    return undefined;
  });
  const { status, headers } = await get();
  t.same([status, headers['x-a'], headers['x-c']], [200, 'b%0D%0Ax-c:\td%7F', undefined]);
});

t.test('the chain: priority, the most specific configuration, the consumer of the request', async (t) => {
  const authenticate: Handler = async (event) => {
    const name = stringOf(await event.call('kong.request.get_header', text('x-as')));
    if (!name) return undefined;
    const id = encodeMessage(ConsumerSpec, { id: name, by_username: true });
    const payload = await event.call('kong.client.load_consumer', id);
    const consumer = decodeMessage(Consumer, payload);
    await event.call('kong.client.authenticate', encodeMessage(AuthenticateArgs, { consumer }));
    return undefined;
  };
  const server = await startFakePluginServer({
    early: authenticate,
    late: (event) => {
      event.exit(200, `${event.config.name}`);
      return undefined;
    },
  });
  t.teardown(() => server.close());
  const { proxyPort } = await gatewayFor(
    t,
    `consumers:
- {username: acme, plugins: [{name: late, config: {name: consumer}}]}
- {username: other}
services:
- name: s
  url: http://s.invalid
  plugins: [{name: early}, {name: late, config: {name: service}}]
  routes:
  - {name: a, paths: ["/a"], plugins: [{name: late, config: {name: route}}]}
  - {name: b, paths: ["/b"]}
- name: u
  url: http://u.invalid
  plugins: [{name: early}]
  routes: [{name: c, paths: ["/c"]}, {name: d, paths: ["/d"]}]
plugins:
- {name: late, config: {name: global}}
- {name: late, consumer: acme, route: d, config: {name: consumer and route}}`,
    { socketPath: server.path, dumps: [dump('early', 9), dump('late', 8, [{ name: { type: 'string' } }])] },
  );
  const body = async (path: string, as?: string) =>
    (await ask(proxyPort, path, { headers: as ? { 'x-as': as } : {} })).body;
  t.equal(await body('/a'), 'route');
  t.equal(await body('/b'), 'service');
  t.equal(await body('/c'), 'global');
  t.equal(await body('/c', 'acme'), 'consumer');
  t.equal(await body('/d', 'acme'), 'consumer and route');
  t.equal(await body('/d', 'other'), 'global');
});

t.test('a plugin that answered stops the later ones, whose header filters still run', async (t) => {
  const { gateway, get } = await setUp(t, (event) => {
    event.exit(401, 'no');
    return undefined;
  });
  gateway.write(
    service(`  routes: [{name: r, paths: ["/"]}]
  plugins: [{name: cors, config: {origins: ["*"]}}, {name: one}, ${BACKSTOP}]`),
  );
  await gateway.reload();
  const answer = await get('/', { headers: { origin: 'https://a.example' } });
  t.same([answer.status, answer.body], [401, 'no']);
  t.equal(answer.headers['access-control-allow-origin'], '*');
});

t.test('a reload starts new instances, then closes old ones; a bad file changes nothing', async (t) => {
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { server, gateway, get } = await setUp(
    t,
    async (event) => {
      if (stringOf(await event.call('kong.request.get_path')) === '/slow') await held;
      event.exit(200, `${event.config.name}`);
      return undefined;
    },
    { config: 'name: first' },
  );
  t.equal((await get()).body, 'first');
  const slow = get('/slow');
  while (server.events < 2) await new Promise((resolve) => setImmediate(resolve));

  gateway.write('services: 5');
  await t.rejects(gateway.reload(), /expected an array/);
  t.equal((await get()).body, 'first');

  gateway.write(
    service('  routes: [{name: r, paths: ["/"]}]\n  plugins: [{name: one, config: {name: second}}]'),
  );
  await gateway.reload();
  t.equal((await get()).body, 'second');
  t.same(server.closed, [], 'a request with the old configuration is still under way');
  release?.();
  t.equal((await slow).body, 'first');
  while (server.closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.same(server.closed, [1]);

  await gateway.reload();
  t.equal((await get()).body, 'second');
  t.equal(server.started.length, 2, 'the same configuration keeps its instance');
});
