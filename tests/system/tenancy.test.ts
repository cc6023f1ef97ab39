import t from 'tap';
import { call, closePools, devices, key, registration, registry, storedEvents } from './api.ts';

t.teardown(closePools);

async function register(client: string) {
  const body = registration();
  const answer = await call('POST', '/v1/registrations', { key: key(client), body });
  return { ...answer.body, installationId: body.device.installationId, body };
}

t.test("a client can't touch another client's device, not even with its token", async (t) => {
  const mine = await register('first');
  const headers = { 'x-device-token': mine.deviceToken };
  const foreign = { key: key('second'), headers };

  const subscribe = { ...foreign, body: { registrationId: mine.registrationId, topics: ['sport'] } };
  t.match(await call('POST', '/v1/subscriptions', subscribe), {
    status: 404,
    body: { code: 'registration_unknown' },
  });
  t.match(await call('DELETE', '/v1/subscriptions', subscribe), {
    status: 404,
    body: { code: 'registration_unknown' },
  });
  t.match(await call('DELETE', `/v1/registrations/${mine.registrationId}`, foreign), {
    status: 404,
    body: { code: 'registration_unknown' },
  });
  t.equal((await devices(mine.installationId)).length, 1, 'the device is still there');
  t.same(await registry('select 1 from subscription where device_id = $1', mine.deviceId), []);

  const same = await call('POST', '/v1/registrations', { key: key('second'), body: mine.body, headers });
  t.equal(same.status, 201, 'the same installation at another client is another device');
  t.not(same.body.deviceId, mine.deviceId);
});

t.test("a visitor can't touch another visitor's device", async (t) => {
  const mine = await register('first');
  const other = await register('first');
  for (const token of [undefined, other.deviceToken, 'dt_k1_AAAA', `${mine.deviceToken}x`]) {
    const headers: Record<string, string> = token ? { 'x-device-token': token } : {};
    const options = { key: key('first'), headers };
    const refused = { status: 403, body: { code: 'device_token_invalid' } };
    const changed = {
      ...mine.body,
      device: { ...mine.body.device, address: { kind: 'fcm_token', value: 'stolen' } },
    };
    t.match(await call('POST', '/v1/registrations', { ...options, body: changed }), refused);
    t.match(
      await call('POST', '/v1/subscriptions', {
        ...options,
        body: { registrationId: mine.registrationId, topics: ['a'] },
      }),
      refused,
    );
    t.match(await call('DELETE', `/v1/registrations/${mine.registrationId}`, options), refused);
  }
  t.equal((await devices(mine.installationId)).length, 1);
});

t.test('its own device: refreshed, subscribed, unsubscribed, removed; each a stored fact', async (t) => {
  const mine = await register('first');
  const options = { key: key('first'), headers: { 'x-device-token': mine.deviceToken } };
  const changed = { ...mine.body, device: { ...mine.body.device, locale: 'en-GB' } };
  const refreshed = await call('POST', '/v1/registrations', { ...options, body: changed });
  t.match(refreshed, {
    status: 200,
    body: { created: false, deviceId: mine.deviceId, deviceToken: mine.deviceToken },
  });
  t.match(await devices(mine.installationId), [{ locale: 'en-GB' }]);

  const body = { registrationId: mine.registrationId, topics: ['sport', 'election'] };
  t.match(await call('POST', '/v1/subscriptions', { ...options, body }), {
    status: 200,
    body: [
      { name: 'sport', state: 'joined' },
      { name: 'election', state: 'joined' },
    ],
  });
  t.match(await call('DELETE', '/v1/subscriptions', { ...options, body: { ...body, topics: ['sport'] } }), {
    status: 200,
    body: [{ name: 'sport', state: 'left' }],
  });
  t.equal((await call('DELETE', `/v1/registrations/${mine.registrationId}`, options)).status, 204);
  t.same(await devices(mine.installationId), []);

  const events = await storedEvents(mine.deviceId, 5);
  t.same(events.map(({ type }: { type: string }) => type).sort(), [
    'pistats.registration.created',
    'pistats.registration.removed',
    'pistats.registration.updated',
    'pistats.subscription.joined',
    'pistats.subscription.left',
  ]);
});
