import { randomUUID } from 'node:crypto';
import t from 'tap';
import { v7 } from 'uuid';
import { ROUTES } from '../../contracts/routes.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { type Answer, analytics, call, closePools, key, registration, registry } from './api.ts';

t.teardown(closePools);

/** A device of a client, with a user, a topic and the idempotency key it was made with. */
async function victim(client: string) {
  const body = registration({ user: { id: `reader-${randomUUID()}` } });
  const idempotencyKey = randomUUID();
  const answer = await call('POST', '/v1/registrations', {
    key: key(client),
    body,
    headers: { 'idempotency-key': idempotencyKey },
  });
  const ids = answer.body as Record<'registrationId' | 'userId' | 'deviceId' | 'deviceToken', string>;
  await call('POST', '/v1/subscriptions', {
    key: key(client),
    headers: { 'x-device-token': ids.deviceToken },
    body: { registrationId: ids.registrationId, topics: ['theirs'] },
  });
  return { ...ids, body, idempotencyKey };
}

/** All that the registry holds of a client's device. */
async function kept({ deviceId, userId }: { deviceId: string; userId: string }) {
  return {
    device: await registry('select * from device where id = $1', deviceId),
    user: await registry('select * from app_user where id = $1', userId),
    topics: await registry('select topic, state from subscription where device_id = $1', deviceId),
    facts: await registry(`select id from fact where data ->> 'deviceId' = $1 order by id`, deviceId),
  };
}

const theirs = await victim('second');
const ours = await victim('first');
/** The same, and no device has it. */
const nobodys = { ...theirs, registrationId: randomUUID(), deviceId: randomUUID(), userId: randomUUID() };

type Ids = Pick<typeof theirs, 'registrationId' | 'deviceToken' | 'userId'>;
type Call = (ids: Ids, token: string, idempotencyKey?: string) => Promise<Answer>;
const headers = (token: string, idempotencyKey?: string): Record<string, string> => ({
  'x-device-token': token,
  ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
});
const subscriptions =
  (method: string): Call =>
  ({ registrationId }, token, idempotencyKey) =>
    call(method, '/v1/subscriptions', {
      key: key('first'),
      headers: headers(token, idempotencyKey),
      body: { registrationId, topics: ['theirs', 'sport'] },
    });

/** Every route that is told an id of a device, asked with the key of the client `first`. */
const BY_ID: Record<string, Call> = {
  unregister: ({ registrationId }, token, idempotencyKey) =>
    call('DELETE', `/v1/registrations/${registrationId}`, {
      key: key('first'),
      headers: headers(token, idempotencyKey),
    }),
  subscribe: subscriptions('POST'),
  unsubscribe: subscriptions('DELETE'),
};
/** Routes that take no id of a device, each with a test of its own below. */
const WITHOUT_ID = ['register', 'sendEvents'];

t.test('every route is here', async (t) => {
  t.same([...Object.keys(BY_ID), ...WITHOUT_ID].sort(), ROUTES.map(({ operationId }) => operationId).sort());
});

for (const [operation, ask] of Object.entries(BY_ID))
  t.test(
    `${operation} with the ids of another client: as if they were nobody's, and nothing changes`,
    async (t) => {
      const before = await kept(theirs);
      const unknown = await ask(nobodys, theirs.deviceToken);
      t.match(unknown, { status: 404, body: { code: 'registration_unknown' } });
      for (const [what, token] of [
        ['with its token', theirs.deviceToken],
        ['with our own token', ours.deviceToken],
      ] as const)
        for (const idempotencyKey of [undefined, theirs.idempotencyKey]) {
          const answer = await ask(theirs, token, idempotencyKey);
          t.same([answer.status, answer.body], [unknown.status, unknown.body], what);
        }
      t.same(await kept(theirs), before);
    },
  );

t.test('register with what another client sent: a device of our own, theirs is as it was', async (t) => {
  const before = await kept(theirs);
  const answer = await call('POST', '/v1/registrations', {
    key: key('first'),
    body: { ...theirs.body, device: { ...theirs.body.device, locale: 'xx' } },
    headers: headers(theirs.deviceToken, theirs.idempotencyKey),
  });
  t.match(answer, { status: 201, body: { created: true } });
  for (const id of ['registrationId', 'userId', 'deviceId', 'deviceToken'] as const)
    t.not(answer.body[id], theirs[id], id);
  t.same(await kept(theirs), before);
});

t.test('no field of a body names another client', async (t) => {
  for (const name of ['client', 'clientId', 'client_id', 'clientid', 'source', 'tenant']) {
    const registering = { key: key('first'), body: { ...registration(), [name]: 'second' } };
    t.match(await call('POST', '/v1/registrations', registering), { body: { code: 'body_invalid' } }, name);
    const events = [{ id: v7(), type: 'x', time: new Date().toISOString(), [name]: 'second' }];
    const sending = { key: key('first'), body: { events } };
    t.match(await call('POST', '/v1/events', sending), { body: { code: 'body_invalid' } }, name);
  }
});

t.test('events that name a device of another client are stored as ours, and as no fact', async (t) => {
  const data = { deviceId: theirs.deviceId, userId: theirs.userId, client_id: 'second' };
  const event = { id: v7(), type: 'pistats.registration.removed', time: new Date().toISOString(), data };
  const sent = await call('POST', '/v1/events', { key: key('first'), body: { events: [event] } });
  t.equal(sent.status, 202);
  const stored = await waitUntil(
    'the event',
    async () => {
      const rows = await analytics('select client_id, type from events where event_id = $1', event.id);
      return rows.length > 0 ? rows : null;
    },
    { timeoutMs: 30_000 },
  );
  t.same(stored, [{ client_id: 'first', type: 'client.pistats.registration.removed' }]);
});

/** A pk stands in every page of the client: what its thief can do is what any visitor can. */
t.test('a stolen pk reads nothing, and touches no device', async (t) => {
  const before = await kept(ours);
  const pk = key('first');
  for (const [method, path] of [
    ['GET', `/v1/users/${ours.userId}`],
    ['DELETE', `/v1/users/${ours.userId}`],
    ['POST', '/v1/query'],
    ['POST', '/v1/campaigns'],
    ['GET', `/v1/campaigns/${randomUUID()}`],
    ['POST', `/v1/campaigns/${randomUUID()}/cancel`],
  ] as const) {
    const body = method === 'POST' ? {} : undefined;
    t.match(await call(method, path, { key: pk, body }), { status: 403, body: { code: 'key_kind' } }, path);
  }
  for (const path of ['/v1/registrations', `/v1/registrations/${ours.registrationId}`, '/v1/subscriptions'])
    t.match(await call('GET', path, { key: pk }), { status: 404, body: { code: 'route_unknown' } }, path);
  for (const token of ['', 'dt_k1_', `dt_k1_${'A'.repeat(43)}`, theirs.deviceToken])
    for (const [operation, ask] of Object.entries(BY_ID))
      t.match(await ask(ours, token), { status: 403, body: { code: 'device_token_invalid' } }, operation);
  const changed = { ...ours.body, device: { ...ours.body.device, address: { kind: 'fid', value: 'thief' } } };
  t.match(await call('POST', '/v1/registrations', { key: pk, body: changed }), {
    status: 403,
    body: { code: 'device_token_invalid' },
  });
  const known = await call('POST', '/v1/registrations', { key: pk, body: ours.body });
  t.equal(known.status, 200);
  t.notOk('deviceToken' in known.body, 'who only knows the installation gets no token');
  t.same(await kept(ours), before);
});

t.test('an sk answers the same for ids of another client and for ids of nobody', async (t) => {
  for (const path of [(id: string) => `/v1/users/${id}`, (id: string) => `/v1/campaigns/${id}`]) {
    const options = { key: key('first', 'sk') };
    const [known, unknown] = [
      await call('GET', path(theirs.userId), options),
      await call('GET', path(randomUUID()), options),
    ];
    t.same([known.status, known.body], [unknown.status, unknown.body], path('…'));
    t.notMatch(known.status, 200);
  }
});
