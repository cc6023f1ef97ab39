import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { analytics, call, closePools, devices, key, registration, registry, storedEvents } from './api.ts';
import { startCuttingGateway } from './cutting-gateway.ts';

t.teardown(closePools);

t.test(
  'a registration becomes a row in the registry and an enriched row in the analytics database',
  async (t) => {
    const body = registration({ user: { id: 'reader-1' } });
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    const answer = await call('POST', '/v1/registrations', {
      key: key('first'),
      body,
      headers: { 'user-agent': userAgent },
    });
    t.equal(answer.status, 201);
    t.match(answer.body, { created: true, deviceToken: /^dt_/ });
    t.notOk('events' in answer.body);
    t.match(await devices(body.device.installationId), [
      { client_id: 'first', id: answer.body.deviceId, locale: 'de-DE' },
    ]);
    const [event] = await storedEvents(answer.body.deviceId, 1);
    t.match(event, {
      client_id: 'first',
      type: 'pistats.registration.created',
      property: 'www',
      device_class: 'desktop',
      is_bot: false,
      utm_source: 'mail',
      referrer_host: 'search.example',
    });
    const stored = JSON.stringify(event);
    t.notOk(stored.includes('127.0.0.1'), 'the raw IP is not stored');
    t.notOk(stored.includes(body.device.address.value), 'the push address is not stored');
  },
);

t.test('the same idempotency key and body: the first answer again, one row, one stored event', async (t) => {
  const body = registration();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await call('POST', '/v1/registrations', { key: key('first'), body, headers });
  const again = await call('POST', '/v1/registrations', { key: key('first'), body, headers });
  t.equal(first.status, 201);
  t.same([again.status, again.body], [first.status, first.body]);
  await onceEverywhere(t, body.device.installationId, first.body.deviceId, 2);
});

t.test('the same idempotency key and another body: 422', async (t) => {
  const body = registration();
  const headers = { 'idempotency-key': randomUUID() };
  t.equal((await call('POST', '/v1/registrations', { key: key('first'), body, headers })).status, 201);
  const other = { ...body, device: { ...body.device, locale: 'fr-FR' } };
  const answer = await call('POST', '/v1/registrations', { key: key('first'), body: other, headers });
  t.match(answer, { status: 422, body: { code: 'idempotency_mismatch' } });
  t.match(await devices(body.device.installationId), [{ locale: 'de-DE' }]);
});

t.test('the same body without a key: 200 known, one row, one stored event', async (t) => {
  const body = registration();
  const first = await call('POST', '/v1/registrations', { key: key('first'), body });
  const again = await call('POST', '/v1/registrations', { key: key('first'), body });
  t.match([first.status, again.status], [201, 200]);
  t.match(again.body, { created: false, deviceId: first.body.deviceId });
  t.notOk('deviceToken' in again.body, 'an installation id alone does not give the token');
  await onceEverywhere(t, body.device.installationId, first.body.deviceId, 2);
});

t.test('twenty at the same time, one installation: one row', async (t) => {
  const body = registration();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', '/v1/registrations', { key: key('first'), body })),
  );
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  t.equal(answers.filter(({ status }) => status === 200).length, 19);
  t.equal((await devices(body.device.installationId)).length, 1);
});

t.test(
  "repeated by the gateway because the plugin server's connection was cut: one row, one stored event",
  async (t) => {
    const gateway = await startCuttingGateway('lambda-invoke');
    t.teardown(gateway.close);
    const body = registration();
    const answer = await call('POST', '/v1/registrations', {
      key: key('first'),
      body,
      proxyUrl: gateway.proxyUrl,
    });
    t.equal(gateway.cuts, 1, 'the connection was cut while the function ran');
    t.equal(answer.status, 201);
    t.match(answer.body, { created: true, deviceToken: /^dt_/ });
    await onceEverywhere(t, body.device.installationId, answer.body.deviceId, 1);
  },
);

t.test('repeated after the facts were forwarded: one stored event, the other a duplicate', async (t) => {
  const gateway = await startCuttingGateway('kinesis-forward');
  t.teardown(gateway.close);
  const body = registration();
  const answer = await call('POST', '/v1/registrations', {
    key: key('first'),
    body,
    proxyUrl: gateway.proxyUrl,
  });
  t.equal(gateway.cuts, 1);
  t.equal(answer.status, 201);
  await onceEverywhere(t, body.device.installationId, answer.body.deviceId, 2);
});

/** One device row, one event row, and every delivery beyond the first among the duplicates. */
async function onceEverywhere(
  t: Test,
  installationId: string,
  deviceId: string,
  deliveries: number,
): Promise<void> {
  t.equal((await devices(installationId)).length, 1, 'one row in the registry');
  const [event] = await storedEvents(deviceId, 1);
  const duplicates = () =>
    analytics<{ n: number }>('select count(*)::int as n from duplicates where event_id = $1', event.event_id);
  await waitUntil('the duplicates', async () => ((await duplicates())[0]?.n ?? 0) >= deliveries - 1);
  t.equal((await duplicates())[0]?.n, deliveries - 1, 'every further delivery is a duplicate');
  t.equal((await storedEvents(deviceId, 1)).length, 1, 'one stored event');
  t.equal((await registry('select 1 from fact where id = $1', event.event_id)).length, 1, 'one fact');
}
