import t from 'tap';
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

/** The recorded configuration, without key-auth, which this gateway has not. */
function configuration(): string {
  const config = parse(readConfiguration('http.md')) as {
    consumers?: unknown;
    services: { name: string; url: string; routes: { name: string }[] }[];
  };
  delete config.consumers;
  for (const service of config.services) {
    service.routes = service.routes.filter(({ name }) => name !== 'auth');
  }
  return stringify({ services: config.services });
}

t.test('where no upstream is asked, the answers are those of a real Kong 3.9.3', { skip }, async (t) => {
  const { proxyPort } = await gatewayFor(t, configuration());
  const ours = (text: string) =>
    text
      .replaceAll('"8100"', `"${proxyPort}"`)
      .replace(/("x-request-id":)"[0-9a-f-]{36}"/, '$1"…"')
      .replace(/("x-kong-request-id":|"request_id":|request_id: |<requestid>)"?[0-9a-f…]+"?/g, '$1"…"');
  let compared = 0;
  for (const { command, path, status, headers, answer } of readRecordings('http.md', '$PROXY')) {
    if (path.startsWith('/auth') || DIFFERENT[command]) continue;
    const { head, body } = curlRequest(command, '$PROXY', proxyPort);
    const got = await exchange(proxyPort, head + body);
    // an upstream answered; sent all the same, since limits count it
    if ('via' in headers) continue;
    t.equal(got.status, status, command);
    const names = Object.keys(headers);
    t.same(Object.keys(got.headers).sort(), names.sort(), `${command}: header names`);
    for (const name of names)
      if (!VOLATILE.has(name) && !(path === '/corr' && name === 'x-request-id'))
        t.equal(got.headers[name], headers[name], `${command}: ${name}`);
    const [mine, recorded] = [ours(got.body).trim(), ours(answer).trim()];
    t.equal(mine.replaceAll('\r\n', '\n'), recorded, `${command}: body`);
    compared++;
  }
  t.ok(compared > 12, `${compared} recorded answers`);
});
