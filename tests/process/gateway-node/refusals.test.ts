import { readFileSync } from 'node:fs';
import t from 'tap';
import { v7 } from 'uuid';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { each, registered } from './cloud.ts';
import {
  type Ask,
  BODY,
  CANARY,
  consumer,
  makeKey,
  ORIGIN,
  startGatewayNode,
  tagOf,
} from './gateway-node.ts';
import { ACME, assertNoBreach, RIGHT_KEY, startLoad, statuses, withKey } from './load.ts';

const EXPIRED = makeKey('pk', 'clients');
const REVOKED = makeKey('pk', 'clients');
const SECRET = makeKey('sk', 'clients');
const DISABLED = makeKey('pk', 'former');
const PUBLIC = makeKey('pk', 'clients');
const CLIENTS = consumer('clients', tagOf(EXPIRED, '2020-01-01'), tagOf(SECRET), tagOf(PUBLIC));
const FORMER = consumer('former', tagOf(DISABLED), 'disabled');
const MOVED = makeKey('pk', 'moved');
const node = await startGatewayNode(t, {
  consumers: [ACME, CLIENTS, FORMER, consumer('moved', tagOf(MOVED))],
});

/** All that left the gateway for a function or the stream. */
const handedOn: string[] = [];
node.cloud.lambda = (invocation) => {
  handedOn.push(JSON.stringify(invocation));
  return each(invocation, registered);
};
node.cloud.kinesis = (records) => {
  handedOn.push(JSON.stringify(records));
  return records.map(() => true);
};

const CAMPAIGN = { path: '/v1/campaigns', body: '{}' };
const EVENTS = { path: '/v1/events' };
const beacon = (key?: string): Ask => ({
  ...EVENTS,
  headers: { 'content-type': 'text/plain', origin: ORIGIN },
  body: JSON.stringify({
    key,
    events: [{ id: v7(), type: 'page_view', time: new Date().toISOString() }],
  }),
});

const refusals: [what: string, ask: Ask, status: number, code: string][] = [
  ['no key', { headers: { origin: ORIGIN } }, 401, 'key_missing'],
  ['an empty key', { headers: withKey('') }, 401, 'key_missing'],
  ['what is no key', { headers: withKey(`${CANARY} or 1=1`) }, 401, 'key_invalid'],
  ['a key of nobody', { headers: withKey(makeKey('pk', 'nobody')) }, 401, 'key_invalid'],
  ["a key in another's name", { headers: withKey(PUBLIC.replace('clients', 'acme')) }, 401, 'key_invalid'],
  ['a key one character off', { headers: withKey(`${PUBLIC}a`) }, 401, 'key_invalid'],
  ['a key that was revoked', { headers: withKey(REVOKED) }, 401, 'key_invalid'],
  ['two keys at once', { headers: withKey(`${PUBLIC}, ${PUBLIC}`) }, 401, 'key_invalid'],
  ['a key as Authorization', { headers: { authorization: `Bearer ${PUBLIC}` } }, 401, 'key_missing'],
  ['a key in the query', { path: `/v1/registrations?x-api-key=${PUBLIC}` }, 401, 'key_missing'],
  ['a key that expired', { headers: withKey(EXPIRED) }, 401, 'key_expired'],
  ['a disabled client', { headers: withKey(DISABLED) }, 403, 'client_disabled'],
  ['a secret key where a public one belongs', { headers: withKey(SECRET) }, 403, 'key_kind'],
  ['a public key where a secret one belongs', { ...CAMPAIGN, headers: withKey(PUBLIC) }, 403, 'key_kind'],
  [
    'another origin',
    { headers: { ...withKey(PUBLIC), origin: 'https://evil.example' } },
    403,
    'origin_not_allowed',
  ],
  ['the null origin', { headers: { ...withKey(PUBLIC), origin: 'null' } }, 403, 'origin_not_allowed'],
  ['a beacon without a key', beacon(), 401, 'key_missing'],
  ['a beacon with a wrong key', beacon(makeKey('pk', 'clients')), 401, 'key_invalid'],
  ['a beacon with an expired key', beacon(EXPIRED), 401, 'key_expired'],
  ['a beacon with a secret key', beacon(SECRET), 403, 'key_kind'],
];

/** What the processes have said, say of themselves when asked, and handed on. */
async function said(): Promise<string> {
  const metrics = await fetch(`http://127.0.0.1:${node.pluginServer.readyLine?.metricsPort}/metrics`);
  return [node.logs(), await metrics.text(), ...handedOn].join('\n');
}

t.test('keys that do not hold, beside a load of those that do: refused, and nothing invoked', async (t) => {
  node.cloud.forget();
  const { outcomes, stop } = startLoad(t, node, { connections: 16 });
  for (const [what, ask, status, code] of refusals) {
    const answer = await node.ask({ ...ask, headers: { ...ask.headers, 'idempotency-key': 'refused-1' } });
    t.equal(answer.status, status, what);
    t.match(answer.body, `"code":"${code}"`, what);
    t.equal(answer.headers['content-type'], 'application/problem+json');
    t.notOk(answer.body.includes(CANARY), 'and the key is not given back');
  }
  await waitUntil(
    'the load got through',
    () => statuses(outcomes, 'right').length > 0 && outcomes.length > 100,
    {
      everyMs: 5,
    },
  );
  await stop();
  assertNoBreach(t, node.cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [201]);
  for (const sender of ['wrong', 'stranger', 'none']) t.same(statuses(outcomes, sender), [401], sender);
});

t.test('a key revoked and an origin taken away under load: refused within seconds', async (t) => {
  const senders = { right: RIGHT_KEY, revoked: withKey(PUBLIC), moved: withKey(MOVED) };
  const { outcomes, stop } = startLoad(t, node, { connections: 16, senders });
  const has = (sender: string, status: number, since = 0) =>
    outcomes.some((o) => o.sender === sender && o.status === status && o.startedAt > since);
  const all = () => Object.keys(senders).every((sender) => has(sender, 201));
  await waitUntil('all are let in', all, { everyMs: 5 });
  const revokedAt = performance.now();
  node.setConsumers([
    ACME,
    { ...CLIENTS, tags: CLIENTS.tags.filter((tag) => tag !== tagOf(PUBLIC)) },
    { ...consumer('moved'), tags: [tagOf(MOVED), 'origin:elsewhere.example'] },
  ]);
  const refused = () => has('revoked', 401, revokedAt) && has('moved', 403, revokedAt);
  await waitUntil('both are refused', refused, { everyMs: 5, timeoutMs: 10_000 });
  t.comment(`refused ${Math.round(performance.now() - revokedAt)} ms after it was revoked`);
  const refusedAt = performance.now();
  const later = () => outcomes.filter((o) => o.startedAt > refusedAt).length;
  await waitUntil('what was let in before, and waited for its turn, is answered', () => later() > 60);
  const invoked = node.cloud.invocations.length;
  await waitUntil('the load goes on', () => later() > 120);
  for (const sender of ['revoked', 'moved']) t.notOk(has(sender, 201, refusedAt), 'refused for good');
  t.ok(has('right', 201, refusedAt), 'and the others go on');
  t.same(
    node.cloud.invocations
      .slice(invoked)
      .flatMap(({ events }) => events.map((event) => event.requestContext.authorizer.lambda.client))
      .filter((client) => client !== 'acme'),
    [],
  );
  await stop();
  t.same(statuses(outcomes), [201, 401, 403], 'no request was dropped by the change');
});

const large = (bytes: number) => JSON.stringify({ pad: 'x'.repeat(bytes) });
const tooLarge: [what: string, ask: Ask, status: number][] = [
  ['a registration above 64 KiB', { body: large(64 * 1024) }, 413],
  ['events above 512 KiB', { ...EVENTS, body: large(512 * 1024) }, 413],
  ['a header above what the gateway reads', { headers: { 'x-pad': 'x'.repeat(40_000) } }, 400],
];
t.test('a request too large is refused, and the next one is served', async (t) => {
  node.cloud.forget();
  for (const [what, ask, status] of tooLarge) {
    const answer = await node.ask({ ...ask, headers: { ...RIGHT_KEY, ...ask.headers } });
    t.equal(answer.status, status, what);
    t.same(node.cloud.invocations, [], 'nothing is invoked');
    t.same(node.cloud.sent, [], 'nor forwarded');
    t.equal((await node.ask({ headers: RIGHT_KEY, body: BODY })).status, 201);
    node.cloud.forget();
  }
});

t.test('after all that: no key in any log, metric, invocation or record', async (t) => {
  t.equal((await node.ask(beacon(RIGHT_KEY['x-api-key']))).status, 202, 'a key in a body that holds');
  const everything = await said();
  t.match(everything, /"client.page_view"/);
  t.match(everything, /"ready":true/, 'the logs are there');
  t.notOk(everything.includes(CANARY));
  t.ok(readFileSync(node.gateway.logFile, 'utf8').includes('was read again'));
});
