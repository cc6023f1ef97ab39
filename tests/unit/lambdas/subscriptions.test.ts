import t from 'tap';
import { v7 } from 'uuid';
import { PROBLEMS, type ProblemCode } from '../../../contracts/problem.ts';
import { clientRow, memoryCache, noCache } from '../../support/memory-registry.ts';
import { invocation, joinEvent, leaveEvent, tokens } from '../../support/requests.ts';
import { memorySubscriptions, subscribing } from './memory-subscriptions.ts';
import { START } from './registering.ts';

t.test('joining and leaving: the states asked for, and a fact of what moved', async (t) => {
  const { one, device } = subscribing();
  const { registrationId, token, id, userId, states } = device();
  const joined = await one(joinEvent(registrationId, ['sport', 'news'], { token }));
  t.match(joined, {
    status: 200,
    body: [
      { name: 'sport', state: 'joined' },
      { name: 'news', state: 'joined' },
    ],
  });
  t.match(joined.events, [
    {
      type: 'pistats.subscription.joined',
      source: '/clients/demo/properties/www',
      subject: userId,
      time: START.toISOString(),
      data: { registrationId, userId, deviceId: id, topics: ['sport', 'news'] },
    },
  ]);
  const more = await one(joinEvent(registrationId, ['news', 'arts', 'arts'], { token }));
  t.same(more.body, [
    { name: 'news', state: 'joined' },
    { name: 'arts', state: 'joined' },
  ]);
  t.same(more.events[0]?.data.topics, ['arts'], 'the fact tells of what is new');
  const left = await one(leaveEvent(registrationId, ['news', 'never'], { token }));
  t.same(left.body, [
    { name: 'news', state: 'left' },
    { name: 'never', state: 'left' },
  ]);
  t.equal(left.events[0]?.type, 'pistats.subscription.left');
  t.same(states(), { sport: 'joined', arts: 'joined', news: 'left', never: 'left' });
});

t.test('what is so already is answered 200 and written nowhere', async (t) => {
  const { one, device, registry } = subscribing();
  const { registrationId, token } = device();
  await one(joinEvent(registrationId, ['sport'], { token }));
  const again = await one(joinEvent(registrationId, ['sport'], { token }));
  t.match(again, { status: 200, body: [{ name: 'sport', state: 'joined' }], events: [] });
  t.equal(registry.writes.length, 1);
});

const refusals: [string, ProblemCode, (id: string, token: string) => Parameters<typeof joinEvent>][] = [
  ['no topics', 'body_invalid', (id, token) => [id, [], { token }]],
  ['a topic with a dot', 'body_invalid', (id, token) => [id, ['demo.sport'], { token }]],
  [
    '101 topics',
    'body_invalid',
    (id, token) => [id, Array.from({ length: 101 }, (_, i) => `t${i}`), { token }],
  ],
  ['no id of a registration', 'body_invalid', (_, token) => ['x', ['sport'], { token }]],
  ['a registration of nobody', 'registration_unknown', (_, token) => [v7(), ['sport'], { token }]],
  ['another client', 'registration_unknown', (id, token) => [id, ['sport'], { token, client: 'other' }]],
  ['no device token', 'device_token_invalid', (id) => [id, ['sport']]],
  [
    'the token of another device',
    'device_token_invalid',
    (id) => [id, ['sport'], { token: tokens.issue('demo', id) }],
  ],
  ['an unknown client', 'client_unknown', (id, token) => [id, ['sport'], { token, client: 'nobody' }]],
  ['a disabled client', 'client_disabled', (id, token) => [id, ['sport'], { token, client: 'gone' }]],
];

t.test('each refusal has its code and its status, and writes nothing', async (t) => {
  const gone = clientRow('gone', { status: 'disabled' });
  for (const event of [joinEvent, leaveEvent])
    for (const [what, code, request] of refusals) {
      const { one, device, registry } = subscribing(memorySubscriptions('demo', 'other', gone));
      const { registrationId, token } = device();
      const answer = await one(event(...request(registrationId, token)));
      t.match(answer, { status: PROBLEMS[code].status, code, events: [] }, what);
      t.equal(registry.writes.length, 0);
    }
  for (const body of [undefined, '', '{', 'null,'])
    t.match(await subscribing().one(invocation('POST /v1/subscriptions', body)), {
      status: 400,
      code: 'body_malformed',
    });
});

for (const [how, cache] of [
  ['with the cache', () => memoryCache().cache],
  ['from the database alone', () => noCache],
] as const)
  t.test(`a repeated request, ${how}: the first answer and fact, even when more has happened`, async (t) => {
    const { one, device, wait, registry } = subscribing(memorySubscriptions('demo'), cache());
    const { registrationId, token, states } = device();
    const join = () => joinEvent(registrationId, ['sport'], { token, key: 'k1' });
    const first = await one(join());
    wait(1_000);
    await one(leaveEvent(registrationId, ['sport'], { token, key: 'k1' }));
    t.same(states(), { sport: 'left' }, 'a key of another route is another request');
    wait(1_000);
    t.same(await one(join()), first);
    t.same(states(), { sport: 'left' }, 'the repeat undoes nothing');
    t.equal(registry.facts.length, 2);
    const other = joinEvent(registrationId, ['news'], { token, key: 'k1' });
    t.match(await one(other), { status: 422, code: 'idempotency_mismatch' });
  });

for (const [how, cache] of [
  ['with the cache', () => memoryCache().cache],
  ['from the database alone', () => noCache],
] as const)
  t.test(`what changed nothing is answered once, too, ${how}: its repeat joins nobody again`, async (t) => {
    const { one, device, wait, registry } = subscribing(memorySubscriptions('demo'), cache());
    const { registrationId, token, states } = device();
    await one(joinEvent(registrationId, ['sport'], { token }));
    const join = () => joinEvent(registrationId, ['sport'], { token, key: 'k1' });
    const first = await one(join());
    t.match(first, { status: 200, events: [] });
    wait(1_000);
    await one(leaveEvent(registrationId, ['sport'], { token }));
    wait(6 * 86_400_000);
    t.same(await one(join()), first);
    t.same(states(), { sport: 'left' });
    t.match(await one(joinEvent(registrationId, ['news'], { token, key: 'k1' })), { status: 422 });
    t.equal(registry.facts.length, 2);
  });

t.test(
  'topics are any text that FCM takes, those included that JavaScript objects have of their own',
  async (t) => {
    const { send, one, device, registry } = subscribing();
    const { registrationId, token } = device();
    const topics = ['__proto__', 'constructor', 'toString', '%~-_'];
    const [first, second] = await send(
      joinEvent(registrationId, topics, { token }),
      joinEvent(registrationId, topics, { token }),
    );
    t.same(first?.events[0]?.data.topics, topics);
    t.same(second?.events, [], 'joined by the request before it');
    t.same(
      registry.writes[0]?.states.map(({ topic }) => topic),
      topics,
    );
    t.same((await one(leaveEvent(registrationId, topics, { token }))).events[0]?.data.topics, topics);
  },
);
