import t from 'tap';
import { errorType } from '../../../infra/local/gateway/error-response.ts';
import { ask, askRaw, gatewayFor, service } from '../../support/gateway-fixture.ts';

const KONG_MADE = [
  'Date',
  'Content-Type',
  'Connection',
  'Content-Length',
  'X-Kong-Response-Latency',
  'Server',
  'X-Kong-Request-Id',
];

t.test('a request without a route: the very headers and body of Kong', async (t) => {
  const { proxyPort } = await gatewayFor(t, '');
  const answer = await ask(proxyPort, '/nothing', { headers: { accept: 'application/json' } });
  t.equal(answer.status, 404);
  t.same(answer.names.sort(), [...KONG_MADE].sort());
  t.match(answer.headers, {
    server: 'kong/3.9.3',
    connection: 'keep-alive',
    'content-type': 'application/json; charset=utf-8',
    'content-length': '103',
    'x-kong-request-id': /^[0-9a-f]{32}$/,
    'x-kong-response-latency': /^\d+$/,
  });
  const id = answer.headers['x-kong-request-id'];
  t.equal(answer.body, `{\n  "message":"no Route matched with those values",\n  "request_id":"${id}"\n}`);
});

t.test('the error takes the form that the client accepts', async (t) => {
  const { proxyPort } = await gatewayFor(t, '');
  const html = await ask(proxyPort, '/x', { headers: { accept: 'text/html' } });
  t.equal(html.headers['content-type'], 'text/html; charset=utf-8');
  t.equal(html.headers['content-length'], '243');
  t.match(html.body, '<p>no Route matched with those values.</p>');
  const xml = await ask(proxyPort, '/x', { headers: { accept: 'application/xml' } });
  t.match(xml.body, `<requestid>${xml.headers['x-kong-request-id']}</requestid>`);
  const plain = await ask(proxyPort, '/x', { headers: { accept: 'text/plain' } });
  t.equal(
    plain.body,
    `no Route matched with those values\nrequest_id: ${plain.headers['x-kong-request-id']}\n`,
  );
  const head = await ask(proxyPort, '/x', { method: 'HEAD' });
  t.equal(head.status, 404);
  t.equal(head.body, '');
});

t.test('Accept is weighed by quality, and what is not known is JSON', async (t) => {
  const json = 'application/json; charset=utf-8';
  const html = 'text/html; charset=utf-8';
  for (const [accept, expected] of [
    [undefined, json],
    ['*/*', json],
    ['text/*', html],
    ['image/png', json],
    ['text/html;q=0.5, application/json;q=0.9', json],
    ['application/json;q=0.1,text/html', html],
    ['text/html;q=0', json],
    ['nonsense', json],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', html],
  ] as const)
    t.equal(errorType(accept), expected, accept ?? 'none');
});

t.test('an HTTP/1.1 request without Host is refused and its connection closed', async (t) => {
  const { proxyPort } = await gatewayFor(t, service('  routes: [{name: r, paths: ["/"]}]'));
  const text = await askRaw(proxyPort, 'GET / HTTP/1.1\r\n\r\n');
  t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.match(text, /\r\nConnection: close\r\n/i);
  t.match(text, '"message":"Bad request"');
});

t.test('what is no HTTP, and headers without end, are refused', async (t) => {
  const { proxyPort } = await gatewayFor(t, '');
  const nonsense = await askRaw(proxyPort, 'nonsense\r\n\r\n');
  t.match(nonsense, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.match(nonsense, '"message":"Bad request"');
  const large = await askRaw(proxyPort, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
  t.match(large, /^HTTP\/1\.1 400 /);
  t.match(large, '"message":"Request header or cookie too large"');
  const smuggled = await askRaw(
    proxyPort,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  );
  t.match(smuggled, /^HTTP\/1\.1 400 /);
});

t.test('a client that sends half a request is cut off', async (t) => {
  const { proxyPort } = await gatewayFor(t, '', { requestTimeoutMs: 200 });
  t.equal(await askRaw(proxyPort, 'GET / HTTP/1.1\r\nHost: a\r\n'), '');
});

t.test('a route for https alone asks a plain client to upgrade', async (t) => {
  const yaml = service('  routes: [{name: r, paths: ["/"], protocols: [https]}]');
  const { proxyPort } = await gatewayFor(t, yaml);
  const answer = await ask(proxyPort, '/');
  t.equal(answer.status, 426);
  t.match(answer.body, 'Please use HTTPS protocol');
  t.equal(answer.headers.upgrade, 'TLS/1.2, HTTP/1.1');
});
