import t, { type Test } from 'tap';
import { problem } from '../../../contracts/problem.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { uuid } from '../../support/admin-fixture.ts';
import { ask } from '../../support/gateway-fixture.ts';
import { newKey } from '../../support/keys.ts';
import { gatewayWithClientAuth } from './client-auth-gateway.ts';

/** Two clients on a route whose senders may send twice at once, and again only after a quarter of an hour. */
async function limitedGateway(t: Test) {
  const { gateway, call } = await gatewayWithClientAuth(t, { trustedIps: ['127.0.0.1'] });
  const clients = { one: newKey('pk', 'one'), two: newKey('pk', 'two') };
  for (const [n, [username, { tag }]] of Object.entries(clients).entries())
    await call('PUT', `/consumers/${uuid(n + 1)}`, { username, tags: [tag] });
  await call('PUT', `/services/${uuid(8)}`, { name: 's', host: 's.invalid' });
  const limit = { kind: 'pk', rate: 0.001, burst: 2, max_senders: 100 };
  await call('POST', '/plugins', { name: 'client-auth', config: limit });
  await call('POST', '/plugins', { name: 'request-termination', config: { status_code: 200 } });
  await call('POST', '/routes', { name: 'r', paths: ['/x'], service: { id: uuid(8) } });
  const send = (client: 'one' | 'two', address: string) =>
    ask(gateway.proxyPort, '/x', {
      headers: { 'x-api-key': clients[client].key, 'x-forwarded-for': address },
    });
  await waitUntil('it serves', async () => (await send('one', '192.0.2.255')).status === 200, {
    timeoutMs: 5_000,
    everyMs: 20,
  });
  return send;
}

t.test('two clients behind one address have separate counts, two addresses of one client too', async (t) => {
  const send = await limitedGateway(t);
  const statuses = async (client: 'one' | 'two', address: string, times: number) => {
    const all: number[] = [];
    for (let n = 0; n < times; n++) all.push((await send(client, address)).status);
    return all;
  };
  t.same(await statuses('one', '192.0.2.1', 3), [200, 200, 429]);
  t.same(await statuses('two', '192.0.2.1', 3), [200, 200, 429], 'the other client behind it');
  t.same(await statuses('one', '192.0.2.2', 2), [200, 200], 'another address of the first');
  t.same(await statuses('one', '2001:db8::1', 2), [200, 200]);
  t.same(await statuses('one', '2001:db8::2', 1), [429], 'the same /64');

  const { status, headers, body } = await send('one', '192.0.2.1');
  t.equal(status, 429);
  t.same(JSON.parse(body), problem('too_many_requests'));
  t.equal(headers['content-type'], 'application/problem+json');
  const wait = Number(headers['retry-after']);
  t.ok(wait > 900 && wait <= 1_000, `${wait} s for one token at 0.001 a second`);
  t.equal(headers['ratelimit-reset'], headers['retry-after']);
});
