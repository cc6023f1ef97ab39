import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import {
  AuthenticateArgs,
  Consumer,
  ConsumerSpec,
  KeyValue,
} from '../../../kong/protocol/plugin-messages.ts';
import { decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import { startFakePluginServer } from '../../support/fake-plugin-server.ts';
import { ask, dump, gatewayFor } from '../../support/gateway-fixture.ts';

/** Answers with what it saw. */
async function echo(test: { teardown(run: () => unknown): void }): Promise<number> {
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const body = JSON.stringify({
        method: req.method,
        url: req.url,
        headers: req.headers,
        bytes: Buffer.concat(chunks).length,
      });
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      res.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.teardown(() => new Promise((resolve) => server.close(resolve)));
  test.teardown(() => server.closeAllConnections());
  return (server.address() as AddressInfo).port;
}

t.test('the headers the upstream and the client see', async (t) => {
  const upstream = await echo(t);
  const { proxyPort } = await gatewayFor(
    t,
    `services:
- name: echo
  url: http://127.0.0.1:${upstream}
  routes:
  - {name: plain, paths: ["/plain"]}
  - {name: nostrip, paths: ["/nostrip"], strip_path: false}
  - {name: host, hosts: ["*.example.com"], paths: ["/h"], preserve_host: true}`,
  );
  const headers = { 'x-consumer-id': 'forged', 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https' };
  const answer = await ask(proxyPort, '/plain/a%20b/c?x=1&x=2', { method: 'POST', body: 'hello', headers });
  t.match(answer.headers, {
    'content-type': 'application/json',
    server: 'kong/3.9.3',
    via: '1.1 kong/3.9.3',
    connection: 'keep-alive',
    'x-kong-upstream-latency': /^\d+$/,
    'x-kong-proxy-latency': /^\d+$/,
  });
  t.equal(answer.headers['x-kong-response-latency'], undefined);
  const saw = JSON.parse(answer.body);
  t.match(saw, { method: 'POST', url: '/a%20b/c?x=1&x=2', bytes: 5 });
  t.match(saw.headers, {
    via: '1.1 kong/3.9.3',
    host: `127.0.0.1:${upstream}`,
    connection: 'keep-alive',
    'x-forwarded-for': '9.9.9.9, 127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': '127.0.0.1',
    'x-forwarded-port': `${proxyPort}`,
    'x-forwarded-path': '/plain/a%20b/c',
    'x-forwarded-prefix': '/plain',
    'x-real-ip': '127.0.0.1',
    'x-kong-request-id': answer.headers['x-kong-request-id'],
    'content-length': '5',
  });
  t.equal(saw.headers['x-consumer-id'], undefined, 'nobody authenticated this');
  const kept = JSON.parse((await ask(proxyPort, '/nostrip/z')).body);
  t.equal(kept.url, '/nostrip/z');
  t.equal(kept.headers['x-forwarded-prefix'], undefined);
  const preserved = JSON.parse((await ask(proxyPort, '/h', { headers: { host: 'a.example.com' } })).body);
  t.equal(preserved.headers.host, 'a.example.com');
  t.match(JSON.parse((await ask(proxyPort, '/plain', { method: 'POST', body: 'ab', chunked: true })).body), {
    bytes: 2,
  });
});

t.test('an upstream that is away is 502, one that is silent 504', async (t) => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  t.teardown(() => silent.closeAllConnections());
  const { proxyPort } = await gatewayFor(
    t,
    `services:
- {name: dead, url: "http://127.0.0.1:1", routes: [{name: dead, paths: ["/dead"]}]}
- name: slow
  url: http://127.0.0.1:${(silent.address() as AddressInfo).port}
  read_timeout: 100
  routes: [{name: slow, paths: ["/slow"]}]`,
  );
  const dead = await ask(proxyPort, '/dead');
  t.equal(dead.status, 502);
  t.match(dead.body, 'An invalid response was received from the upstream server');
  const slow = await ask(proxyPort, '/slow');
  t.same([slow.status, slow.reason], [504, 'Gateway Time-out']);
  t.match(slow.body, 'The upstream server is timing out');
});

t.test('an authenticated consumer is named to the upstream', async (t) => {
  const upstream = await echo(t);
  const server = await startFakePluginServer({
    auth: async (event) => {
      const id = encodeMessage(ConsumerSpec, { id: 'acme', by_username: true });
      const consumer = decodeMessage(Consumer, await event.call('kong.client.load_consumer', id));
      const credential = { id: 'key-1', consumer_id: consumer.id };
      await event.call('kong.client.authenticate', encodeMessage(AuthenticateArgs, { consumer, credential }));
      await event.call(
        'kong.service.request.set_header',
        encodeMessage(KeyValue, { k: 'X-Added', v: 'by plugin' }),
      );
      return undefined;
    },
  });
  t.teardown(() => server.close());
  const { proxyPort } = await gatewayFor(
    t,
    `consumers: [{username: acme, custom_id: acme-1}]
services:
- name: echo
  url: http://127.0.0.1:${upstream}
  plugins: [{name: auth}]
  routes: [{name: r, paths: ["/"]}]`,
    { socketPath: server.path, dumps: [dump('auth', 1)] },
  );
  const headers = { 'x-consumer-username': 'forged', 'x-consumer-groups': 'admin' };
  const saw = JSON.parse((await ask(proxyPort, '/', { headers })).body);
  t.match(saw.headers, {
    'x-consumer-username': 'acme',
    'x-consumer-custom-id': 'acme-1',
    'x-consumer-id': /^[0-9a-f-]{36}$/,
    'x-credential-identifier': 'key-1',
    'x-added': 'by plugin',
  });
  t.equal(saw.headers['x-consumer-groups'], undefined);
});
