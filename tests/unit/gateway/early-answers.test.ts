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
