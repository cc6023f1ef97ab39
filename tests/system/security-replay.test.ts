import { randomUUID } from 'node:crypto';
import t from 'tap';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { analytics, call, closePools, devices, key, registration, registry, storedEvents } from './api.ts';

t.teardown(closePools);

/** What one who captured a request can send: the same bytes, again and again. */
async function captured() {
  const body = registration();
  const headers = { 'idempotency-key': randomUUID() };
  const send = (client = 'first', other: Record<string, unknown> = body) =>
    call('POST', '/v1/registrations', { key: key(client), body: other, headers });
  return { body, headers, send, first: await send() };
}

const facts = (deviceId: string) => registry(`select id from fact where data ->> 'deviceId' = $1`, deviceId);

t.test('a captured registration sent again: the first answer, one row, one event', async (t) => {
  const { body, send, first } = await captured();
  const replayed = await Promise.all(Array.from({ length: 5 }, () => send()));
  for (const again of replayed) t.same([again.status, again.body], [first.status, first.body]);
  t.equal((await devices(body.device.installationId)).length, 1);
  t.equal((await facts(first.body.deviceId)).length, 1);
  const [event] = await storedEvents(first.body.deviceId, 1);
  const duplicates = () => analytics('select 1 from duplicates where event_id = $1', event.event_id);
  await waitUntil('all deliveries to be in the books', async () => (await duplicates()).length === 5, {
    timeoutMs: 30_000,
  });
  t.equal((await storedEvents(first.body.deviceId, 1)).length, 1);
});

t.test('a captured key under another body: 422, and the first stands', async (t) => {
  const { body, send, first } = await captured();
  const stolen = { ...body, device: { ...body.device, address: { kind: 'fcm_token', value: 'thief' } } };
  t.match(await send('first', stolen), { status: 422, body: { code: 'idempotency_mismatch' } });
  t.match(await devices(body.device.installationId), [{ address_value: body.device.address.value }]);
  t.equal((await facts(first.body.deviceId)).length, 1);
});

t.test('the same Idempotency-Key of another client, or of another device, is another one', async (t) => {
  const { body, send, first } = await captured();
  const theirs = await send('second');
  t.equal(theirs.status, 201);
  const another = await send('first', registration());
  t.equal(another.status, 201);
  const ids = [first, theirs, another].map((answer) => answer.body.deviceId);
  t.equal(new Set(ids).size, 3);
  t.same((await devices(body.device.installationId)).map((device) => device.client_id).sort(), [
    'first',
    'second',
  ]);
});

t.test('a captured opt-out or subscription changes nothing that came after it', async (t) => {
  const { first } = await captured();
  const { registrationId, deviceId, deviceToken } = first.body;
  const options = (topics: string[]) => ({
    key: key('first'),
    headers: { 'x-device-token': deviceToken, 'idempotency-key': randomUUID() },
    body: { registrationId, topics },
  });
  const join = options(['sport']);
  const joined = await call('POST', '/v1/subscriptions', join);
  t.equal((await call('DELETE', '/v1/subscriptions', options(['sport']))).status, 200);
  const again = await call('POST', '/v1/subscriptions', join);
  t.same([again.status, again.body], [joined.status, joined.body], 'the first answer');
  t.same(await registry('select topic, state from subscription where device_id = $1', deviceId), [
    { topic: 'sport', state: 'left' },
  ]);
  const remove = { key: key('first'), headers: options([]).headers };
  t.equal((await call('DELETE', `/v1/registrations/${registrationId}`, remove)).status, 204);
  t.equal((await call('DELETE', `/v1/registrations/${registrationId}`, remove)).status, 204);
  t.equal((await call('POST', '/v1/subscriptions', join)).status, 200, 'answered from memory');
  t.same(await registry('select 1 from subscription where device_id = $1', deviceId), []);
});
