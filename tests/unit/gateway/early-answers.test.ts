import t from 'tap';
import { askRaw, gatewayFor } from '../../support/gateway-fixture.ts';

const YAML = `plugins:
- {name: cors, config: {origins: ["*"], exposed_headers: [retry-after]}}
services:
- name: s
  url: http://s.invalid
  routes: [{name: r, paths: ["/v1"]}]
  plugins: [{name: request-termination, config: {status_code: 204}}]`;

t.test('what the gateway answers before it has a route is readable for a browser', async (t) => {
  const { proxyPort } = await gatewayFor(t, YAML, { maxBodyBytes: 100 });
  const send = (head: string) =>
    askRaw(proxyPort, `${head}\r\nOrigin: https://www.example.com\r\nConnection: close\r\n\r\n`);
  for (const [head, status] of [
    ['POST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 101', 413],
    ['GET /nowhere HTTP/1.1\r\nHost: a', 404],
    ['GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b', 400],
    ['GET /v1 HTTP/1.1', 400],
  ] as const) {
    const answer = await send(head);
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), head);
    t.match(answer, /\r\nAccess-Control-Allow-Origin: \*\r\n/i, head);
    t.match(answer, /\r\nAccess-Control-Expose-Headers: retry-after\r\n/i, head);
  }
});

t.test(
  'a transfer coding that nginx does not know is 501, with a page of nginx and no header of a plugin',
  async (t) => {
    const { proxyPort } = await gatewayFor(t, YAML);
    const post = (...framing: string[]) =>
      askRaw(proxyPort, ['POST /v1 HTTP/1.1', 'Host: a', ...framing, '', '0', '', ''].join('\r\n'));
    for (const coding of ['xchunked', 'gzip, chunked', 'chunked, identity', 'identity', 'gzip', 'deflate']) {
      const answer = await post(`Transfer-Encoding: ${coding}`);
      t.match(answer, /^HTTP\/1\.1 501 Not Implemented\r\n/, coding);
      t.match(answer, /\r\nConnection: close\r\n/i, coding);
      t.match(answer, /<h1>501 Not Implemented<\/h1>/, coding);
      t.notMatch(answer, /Access-Control/i, coding);
    }
    for (const framing of [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ])
      t.match(await post(...framing), /^HTTP\/1\.1 400 /, framing.join());
    t.match(await post('Transfer-Encoding: CHUNKED', 'Connection: close'), /^HTTP\/1\.1 204 /);
  },
);
