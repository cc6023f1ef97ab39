import { randomUUID } from 'node:crypto';
import t from 'tap';
import { generateKey } from '../../contracts/api-key.ts';
import { call, closePools, devices, key, ORIGIN, registration, registry } from './api.ts';

t.teardown(closePools);

const refusals: [string, number, string, () => Parameters<typeof call>[2]][] = [
  ['no key', 401, 'key_missing', () => ({})],
  ['a key that is none', 401, 'key_invalid', () => ({ key: 'nonsense' })],
  ['an unknown client', 401, 'key_invalid', () => ({ key: generateKey('pk', 'nobody') })],
  ['a wrong key of a known client', 401, 'key_invalid', () => ({ key: generateKey('pk', 'first') })],
  ['an expired key', 401, 'key_expired', () => ({ key: key('first', 'expired') })],
  ['a key of the wrong kind', 403, 'key_kind', () => ({ key: key('first', 'sk') })],
  [
    'an origin not allowed',
    403,
    'origin_not_allowed',
    () => ({ key: key('first'), headers: { origin: 'https://evil.example' } }),
  ],
  ['a disabled client', 403, 'client_disabled', () => ({ key: key('former') })],
  ['a client missing in the registry', 503, 'client_unknown', () => ({ key: key('ghost') })],
];

for (const [what, status, code, options] of refusals) {
  t.test(`${what}: ${status} ${code}, no row`, async (t) => {
    const body = registration();
    const answer = await call('POST', '/v1/registrations', { ...options(), body });
    t.equal(answer.status, status);
    t.equal(answer.headers.get('content-type'), 'application/problem+json');
    t.match(answer.body, { code, status, type: `urn:pistats:problem:${code}` });
    t.same(await devices(body.device.installationId), []);
  });
}

t.test('a pk may not be used on an sk route', async (t) => {
  const answer = await call('POST', '/v1/query', { key: key('first'), body: {} });
  t.match(answer, { status: 403, body: { code: 'key_kind' } });
});

t.test('an allowed origin passes', async (t) => {
  const answer = await call('POST', '/v1/registrations', {
    key: key('first'),
    body: registration(),
    headers: { origin: ORIGIN },
  });
  t.equal(answer.status, 201);
});

t.test('a body that is no JSON: 400 body_malformed, no row', async (t) => {
  const id = randomUUID();
  const answer = await call('POST', '/v1/registrations', {
    key: key('first'),
    body: `{"device":{"installationId":"${id}"`,
  });
  t.match(answer, { status: 400, body: { code: 'body_malformed' } });
  t.same(await devices(id), []);
});

t.test('a body of the wrong shape: 400 body_invalid with pointers, no row', async (t) => {
  const body = { ...registration(), device: { installationId: randomUUID(), platform: 'toaster' } };
  const answer = await call('POST', '/v1/registrations', { key: key('first'), body });
  t.match(answer, { status: 400, body: { code: 'body_invalid', errors: [{ pointer: '/device/platform' }] } });
  t.same(await devices(body.device.installationId), []);
});

t.test('a property the client does not have: 400 property_unknown, no row', async (t) => {
  const body = registration({ property: 'elsewhere' });
  const answer = await call('POST', '/v1/registrations', { key: key('first'), body });
  t.match(answer, { status: 400, body: { code: 'property_unknown' } });
  t.same(await devices(body.device.installationId), []);
});

t.test("an oversized body: Kong's 413, no row", async (t) => {
  const body = registration();
  const padded = JSON.stringify(body) + ' '.repeat(65 * 1024);
  const answer = await call('POST', '/v1/registrations', { key: key('first'), body: padded });
  t.match(answer, { status: 413, body: { message: 'Request size limit exceeded' } });
  t.same(await devices(body.device.installationId), []);
});

t.test('an unknown route and an unknown method: 404 route_unknown', async (t) => {
  t.match(await call('POST', '/v2/registrations', { key: key('first'), body: registration() }), {
    status: 404,
    body: { code: 'route_unknown' },
  });
  t.match(await call('GET', '/v1/registrations', { key: key('first') }), {
    status: 404,
    body: { code: 'route_unknown' },
  });
});

t.test('a preflight is answered without a key', async (t) => {
  const answer = await call('OPTIONS', '/v1/registrations', {
    headers: {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    },
  });
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('access-control-allow-origin'), '*');
});

t.test('a client-sent consumer header changes nothing', async (t) => {
  const body = registration();
  const answer = await call('POST', '/v1/registrations', {
    key: key('first'),
    body,
    headers: { 'x-consumer-username': 'second', 'x-credential-identifier': 'x' },
  });
  t.equal(answer.status, 201);
  t.same(
    (await devices(body.device.installationId)).map((device) => device.client_id),
    ['first'],
  );
  t.same(
    await registry(
      'select 1 from device where client_id = $1 and installation_id = $2',
      'second',
      body.device.installationId,
    ),
    [],
  );
});
