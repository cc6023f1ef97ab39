import { SignJWT } from 'jose';
import t from 'tap';
import { PROBLEMS, type ProblemCode } from '../../../contracts/problem.ts';
import { clientRow, memoryRegistry } from '../../support/memory-registry.ts';
import { invocation, registerEvent, registration, removeEvent, tokens } from '../../support/requests.ts';
import { registering, START } from './registering.ts';

const SECRET = 'an identity secret of a client, 32+';
const signed = (sub: string, exp = START.getTime() / 1000 + 60) =>
  new SignJWT({ sub, exp }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET));
const clients = () =>
  memoryRegistry(
    'demo',
    clientRow('gone', { status: 'disabled' }),
    clientRow('strict', { identityVerification: 'required', identitySecret: SECRET }),
  );

t.test('a new installation: 201 with ids, a device token and one fact', async (t) => {
  const { one, registry } = registering();
  const body = registration({
    platform: 'ios',
    address: { kind: 'fcm_token', value: 'secret-address' },
    locale: 'de-DE',
    timeZone: 'Europe/Berlin',
  });
  const page = { url: 'https://www.example.com/a', referrer: '' };
  const answer = await one(registerEvent({ ...body, page, user: { id: 'reader-1' } }));
  t.equal(answer.status, 201);
  t.same(Object.keys(answer.body).sort(), ['created', 'deviceId', 'deviceToken', 'registrationId', 'userId']);
  t.equal(answer.body.created, true);
  t.ok(tokens.verify(answer.body.deviceToken, 'demo', answer.body.deviceId));
  const { registrationId, userId, deviceId } = answer.body;
  t.same(answer.events, [
    {
      specversion: '1.0',
      id: answer.events[0]?.id,
      source: '/clients/demo/properties/www',
      type: 'pistats.registration.created',
      time: START.toISOString(),
      subject: userId,
      datacontenttype: 'application/json',
      data: {
        property: 'www',
        registrationId,
        userId,
        deviceId,
        platform: 'ios',
        addressKind: 'fcm_token',
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
        page,
      },
    },
  ]);
  t.notOk(JSON.stringify(answer).includes('secret-address'), 'the push address leaves the registry nowhere');
  t.match(
    [...registry.devices.values()],
    [{ id: deviceId, addressValue: 'secret-address', externalUserId: 'reader-1', userVerified: false }],
  );
  t.equal(new Set([registrationId, userId, deviceId, answer.events[0]?.id]).size, 4);
});

t.test('a known one that has not changed: 200, the first fact again, nothing written', async (t) => {
  const { one, registry } = registering();
  const first = await one(registerEvent());
  const again = await one(registerEvent());
  t.equal(again.status, 200);
  t.same(again.body, {
    registrationId: first.body.registrationId,
    userId: first.body.userId,
    deviceId: first.body.deviceId,
    created: false,
  });
  t.same(again.events, first.events);
  t.equal(registry.writes.length, 1);
  const withToken = await one(registerEvent(registration(), { token: first.body.deviceToken }));
  t.equal(withToken.body.deviceToken, first.body.deviceToken, 'who has the token is given it again');
});

t.test('what a request does not speak of stays; what it changes needs the device token', async (t) => {
  const { one, registry } = registering();
  const address = { kind: 'fcm_token', value: 'first' };
  const { body } = await one(registerEvent(registration({ address, locale: 'de' }, { user: { id: 'a' } })));
  const token = body.deviceToken;
  const changes = [
    [{ locale: 'fr' }, {}],
    [{ timeZone: 'Europe/Paris' }, {}],
    [{ platform: 'android' }, {}],
    [{ address: { kind: 'fcm_token', value: 'second' } }, {}],
    [{ address: { kind: 'fid', value: 'second' } }, {}],
    [{ platform: 'android' }, { user: { id: 'b' } }],
  ] as const;
  let device = {};
  for (const [change, rest] of changes) {
    device = { ...device, ...change };
    const request = registration(device, rest);
    const before = structuredClone([...registry.devices.values()]);
    for (const bad of [
      undefined,
      tokens.issue('demo', body.registrationId),
      tokens.issue('other', body.deviceId),
    ])
      t.match(await one(registerEvent(request, { token: bad })), {
        status: 403,
        code: 'device_token_invalid',
      });
    t.same([...registry.devices.values()], before, 'a refused change changes nothing');
    const answer = await one(registerEvent(request, { token }));
    t.match(answer, { status: 200, body: { created: false, deviceToken: token } }, JSON.stringify(change));
    t.equal(answer.events[0]?.type, 'pistats.registration.updated');
  }
  const [row] = [...registry.devices.values()];
  const kept = { locale: 'fr', timeZone: 'Europe/Paris', platform: 'android' };
  t.match(row, { ...kept, addressKind: 'fid', addressValue: 'second', externalUserId: 'b' });
  t.not(row?.userId, body.userId, 'another user of the client, another user');
});

const UNKNOWN = '0190a0c0-0000-7000-8000-000000000000';
const refusals: [string, ProblemCode, () => Promise<Parameters<typeof registerEvent>>][] = [
  ['no body', 'body_malformed', async () => ['']],
  ['no JSON', 'body_malformed', async () => ['{"property":']],
  ['no property', 'body_invalid', async () => [{ device: registration().device }]],
  ['a field too many', 'body_invalid', async () => [{ ...registration(), client: 'other' }]],
  ['U+0000 in a text', 'body_invalid', async () => [registration({ installationId: 'd\u0000'.repeat(8) })]],
  ['a property of nobody', 'property_unknown', async () => [{ ...registration(), property: 'shop' }]],
  ['a client that is not set up', 'client_unknown', async () => [registration(), { client: 'nobody' }]],
  ['a disabled client', 'client_disabled', async () => [registration(), { client: 'gone' }]],
  [
    'a user without the token that its client requires',
    'user_token_invalid',
    async () => [registration({}, { user: { id: 'a' } }), { client: 'strict' }],
  ],
  [
    'a token for another user',
    'user_token_invalid',
    async () => [registration({}, { user: { id: 'a', token: await signed('b') } }), { client: 'strict' }],
  ],
  [
    'a token that has expired',
    'user_token_invalid',
    async () => [
      registration({}, { user: { id: 'a', token: await signed('a', START.getTime() / 1000 - 1) } }),
      { client: 'strict' },
    ],
  ],
  [
    'a token where the client has no identity secret',
    'user_token_invalid',
    async () => [registration({}, { user: { id: 'a', token: await signed('a') } })],
  ],
];

t.test('each refusal has its code and its status, and writes nothing', async (t) => {
  for (const [what, code, request] of refusals) {
    const { one, registry } = registering(clients());
    const answer = await one(registerEvent(...(await request())));
    t.match(answer, { status: PROBLEMS[code].status, code, events: [] }, what);
    t.equal(registry.writes.length, 0);
  }
  const { one } = registering(clients());
  for (const id of [UNKNOWN, 'nonsense', `${UNKNOWN}'`, ''])
    t.match(await one(removeEvent(id)), { status: 404, code: 'registration_unknown' }, `DELETE ${id}`);
  const noId = invocation('DELETE /v1/registrations/{id}', undefined);
  t.match(await one(noId), { status: 404, code: 'registration_unknown' });
});

t.test('a user is verified by a token of its client only', async (t) => {
  const { one, registry } = registering(clients());
  const user = { id: 'reader-1', token: await signed('reader-1') };
  const answer = await one(registerEvent(registration({}, { user }), { client: 'strict' }));
  t.equal(answer.status, 201);
  t.match([...registry.devices.values()], [{ externalUserId: 'reader-1', userVerified: true }]);
  t.equal(
    (await one(registerEvent(registration(), { client: 'strict' }))).status,
    200,
    'anonymous is allowed',
  );
  t.match([...registry.devices.values()], [{ userVerified: true }], 'and takes nothing back');
  const other = registration({}, { user: { id: 'reader-2', token: await signed('reader-2') } });
  const options = { client: 'strict', token: answer.body.deviceToken };
  const moved = await one(registerEvent(other, options));
  t.equal(moved.status, 200);
  t.match([...registry.devices.values()], [{ externalUserId: 'reader-2', userVerified: true }]);
});
