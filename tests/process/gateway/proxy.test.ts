import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { parse, stringify } from 'yaml';
import { gatewayFor } from '../../support/gateway-fixture.ts';
import { curlRequest, exchange } from './curl.ts';
import { readConfiguration, readRecordings, recordingsMissing } from './recordings.ts';

const skip = recordingsMissing();
/** Differs from run to run; a name must be there all the same. */
const VOLATILE = new Set([
  ...['date', 'content-length', 'x-kong-response-latency', 'x-kong-upstream-latency'],
  ...['x-kong-proxy-latency', 'x-kong-request-id', 'ratelimit-reset', 'retry-after'],
]);
/** What we do not do as the recorded Kong did, each with its reason. */
const DIFFERENT: Record<string, string> = {
  '-XBREW $PROXY/plain': "the recorded 400 is the upstream's; Node's parser refuses the method itself",
  '-H X-Forwarded-For: 9.9.9.9 -H X-Forwarded-Proto: https $PROXY/plain':
    'recorded with real_ip_header = X-Real-IP; ours is X-Forwarded-For, as in our kong.conf',
};

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers what it saw. */
const echo = () =>
  createServer((req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    req.on('end', () => {
      res.setHeader('Content-Type', 'application/json');
      res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, bytes }));
    });
  });

/** The recorded configuration, without key-auth, which this gateway has not. */
function configuration(echoPort: number): string {
  const config = parse(readConfiguration('http.md')) as {
    consumers?: unknown;
    services: { name: string; url: string; routes: { name: string }[] }[];
  };
  delete config.consumers;
  for (const service of config.services) {
    service.routes = service.routes.filter(({ name }) => name !== 'auth');
    if (service.name === 'echo') service.url = `http://127.0.0.1:${echoPort}`;
    // nobody listened on its port when it was recorded
    if (service.name === 'slow') service.url = 'http://127.0.0.1:1';
  }
  return stringify({ services: config.services });
}

t.test('the proxy answers what a real Kong 3.9.3 answered', { skip }, async (t) => {
  const echoPort = await listen(t, echo());
  const { proxyPort } = await gatewayFor(t, configuration(echoPort));
  const ours = (text: string) =>
    text
      .replaceAll('127.0.0.1:19200', `127.0.0.1:${echoPort}`)
      .replaceAll('"8100"', `"${proxyPort}"`)
      .replace(/("x-request-id":)"[0-9a-f-]{36}"/, '$1"…"')
      .replace(/("x-kong-request-id":|"request_id":|request_id: |<requestid>)"?[0-9a-f…]+"?/g, '$1"…"');
  let compared = 0;
  for (const { command, path, status, headers, answer } of readRecordings('http.md', '$PROXY')) {
    if (path.startsWith('/auth') || DIFFERENT[command]) continue;
    const { head, body } = curlRequest(command, '$PROXY', proxyPort);
    const got = await exchange(proxyPort, head + body);
    t.equal(got.status, status, command);
    const names = Object.keys(headers);
    t.same(Object.keys(got.headers).sort(), names.sort(), `${command}: header names`);
    for (const name of names)
      if (!VOLATILE.has(name) && !(path === '/corr' && name === 'x-request-id'))
        t.equal(got.headers[name], headers[name], `${command}: ${name}`);
    const [mine, recorded] = [ours(got.body).trim(), ours(answer).trim()];
    if (recorded.startsWith('{"method"')) t.same(JSON.parse(mine), JSON.parse(recorded), `${command}: body`);
    else t.equal(mine.replaceAll('\r\n', '\n'), recorded, `${command}: body`);
    compared++;
  }
  t.ok(compared > 35, `${compared} recorded answers`);
});
