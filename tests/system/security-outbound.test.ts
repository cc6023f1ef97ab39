import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { v7 } from 'uuid';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { analytics, call, closePools, devices, key, registration, registry, run } from './api.ts';
import { ask, exchange } from './raw-request.ts';

t.teardown(closePools);

/** Whoever connects was sent here by an address that a browser gave. */
let connections = 0;
const listener = createServer((_, response) => response.end());
listener.on('connection', () => connections++);
await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
t.teardown(() => listener.close());
const port = (listener.address() as AddressInfo).port;
const trap = `http://127.0.0.1:${port}/trap`;

const pk = key('first');

/** Mirrors what waits, as the schedule does. */
async function reconcile(): Promise<void> {
  const invoked = await fetch(`${run.lambdaUrl}/2015-03-31/functions/pistats-reconcile/invocations`, {
    method: 'POST',
    body: '{}',
  });
  if (!invoked.ok) throw new Error(`reconcile answered ${invoked.status}`);
}

const ADDRESSES = [
  { kind: 'webpush', value: JSON.stringify({ endpoint: trap, keys: { p256dh: 'x', auth: 'y' } }) },
  { kind: 'webpush', value: trap },
  { kind: 'fid', value: trap },
  { kind: 'fcm_token', value: trap },
  { kind: 'fcm_token', value: `../../../../127.0.0.1:${port}/trap?x=#y` },
  { kind: 'fcm_token', value: `@127.0.0.1:${port}/` },
];

t.test('a push address is kept as text: nothing connects to what it names', async (t) => {
  for (const address of ADDRESSES) {
    const base = registration();
    const body = { ...base, device: { ...base.device, address }, page: { url: trap, referrer: trap } };
    const headers = { referer: trap, 'user-agent': trap };
    const made = await call('POST', '/v1/registrations', { key: pk, body, headers });
    t.equal(made.status, 201, address.value);
    t.match(await devices(base.device.installationId), [{ address_value: address.value }]);
    const joined = await call('POST', '/v1/subscriptions', {
      key: pk,
      headers: { 'x-device-token': made.body.deviceToken },
      body: { registrationId: made.body.registrationId, topics: ['trap'] },
    });
    t.equal(joined.status, 200);
    const state = await waitUntil(
      'FCM to have been asked',
      async () => {
        await reconcile();
        const rows = await registry<{ state: string }>(
          'select state from topic_mirror where address_value = $1',
          address.value,
        );
        return rows[0]?.state === 'pending' ? null : (rows[0]?.state ?? 'untold');
      },
      { timeoutMs: 30_000 },
    );
    t.equal(state, address.kind === 'fcm_token' ? 'mirrored' : 'untold', 'one by FCM, the others by nobody');
  }
  t.equal(connections, 0);
});

t.test('pages, referrers and whatever an event says are never fetched', async (t) => {
  const data = { page: { url: trap, referrer: trap }, image: trap, callback: trap };
  const event = { id: v7(), type: 'page_view', time: new Date().toISOString(), data };
  const headers = { referer: trap, 'user-agent': `Mozilla/5.0 (compatible; +${trap})` };
  t.equal((await call('POST', '/v1/events', { key: pk, body: { events: [event] }, headers })).status, 202);
  await waitUntil(
    'the event',
    async () => (await analytics('select 1 from events where event_id = $1', event.id)).length > 0,
    { timeoutMs: 30_000 },
  );
  t.equal(connections, 0);
});

t.test('the gateway goes to no host that a request names', async (t) => {
  const headers = {
    'x-api-key': pk,
    host: `127.0.0.1:${port}`,
    'x-forwarded-host': `127.0.0.1:${port}`,
    'x-original-url': trap,
  };
  const named = await ask({ path: '/v1/registrations', headers, body: JSON.stringify(registration()) });
  t.equal(named.status, 201, 'the route is found by its path');
  for (const path of ['/trap', '/v1/users/x', '/v1/campaigns'])
    t.ok((await ask({ method: 'GET', path, headers })).status >= 400, path);
  const absolute = `GET ${trap}/${randomUUID()} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
  t.same(await exchange(absolute), [404], 'no open proxy');
  const tunnel = `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
  const statuses = await exchange(tunnel);
  t.ok(
    statuses.every((status) => status >= 400),
    `no tunnel: ${statuses}`,
  );
  t.equal(connections, 0);
});

t.test('the trap is one', async (t) => {
  await fetch(trap);
  t.ok(connections > 0);
});
