import t from 'tap';
import { DataError } from '../../../lambdas/errors.ts';
import { batchHandler } from '../../../lambdas/handle-batch.ts';
import type { AnswerCache } from '../../../lambdas/ports/answers.ts';
import { processRegistrations } from '../../../lambdas/registrations/process.ts';
import { clientRow, memoryRegistry } from '../../support/memory-registry.ts';
import { answerOf, registerEvent, registration, removeEvent } from '../../support/requests.ts';
import { registering } from './registering.ts';

const device = (installationId: string, more: Record<string, unknown> = {}) =>
  registration({ installationId, ...more });

t.test('one event is answered alone, a batch as a batch in its order', async (t) => {
  const { ports } = registering();
  const handler = batchHandler((events) => processRegistrations(events, ports));
  const single = await handler(registerEvent(device('alone-000')));
  if ('batch' in single) return t.fail('a batch for one event');
  t.equal(single.statusCode, 201);
  const ids = Array.from({ length: 30 }, (_, index) => `installation-${index}`);
  const answer = await handler({
    batch: ids.flatMap((id) => [registerEvent(device(id)), registerEvent('nonsense')]),
  });
  if (!('batch' in answer)) return t.fail('no batch for a batch');
  t.same(
    answer.batch.map(({ statusCode }) => statusCode),
    ids.flatMap(() => [201, 400]),
  );
  const known = await handler({ batch: ids.map((id) => registerEvent(device(id))) });
  if (!('batch' in known)) return t.fail('no batch for a batch');
  t.same(
    known.batch.map((response) => answerOf(response).body.deviceId),
    answer.batch.filter((_, index) => index % 2 === 0).map((response) => answerOf(response).body.deviceId),
  );
  t.same(await handler({ batch: [] }), { batch: [] });
});

t.test('one reading and one writing statement, whatever the size of the batch', async (t) => {
  const { send, registry } = registering();
  await send(...Array.from({ length: 100 }, (_, index) => registerEvent(device(`installation-${index}`))));
  t.equal(registry.loads.length, 1);
  t.equal(registry.writes.length, 1);
  t.equal(registry.devices.size, 100);
  await send(registerEvent('nonsense'), removeEvent('nonsense'));
  t.equal(registry.loads.length, 1, 'what can’t be parsed costs no statement');
});

t.test('devices that register again unchanged cost one reading statement and no write', async (t) => {
  const { send, registry } = registering();
  const events = () =>
    Array.from({ length: 50 }, (_, index) => registerEvent(device(`installation-${index}`)));
  const first = await send(...events());
  const again = await send(...events());
  t.same(
    again.map(({ status, events }) => [status, events]),
    first.map(({ events }) => [200, events]),
    'each with its first fact',
  );
  t.same([registry.loads.length, registry.writes.length], [2, 1]);
});

t.test('the cache is asked once and told once a batch', async (t) => {
  const calls: [string, number][] = [];
  const cache: AnswerCache = {
    async get(keys) {
      calls.push(['get', keys.length]);
      return keys.map(() => undefined);
    },
    async set(entries) {
      calls.push(['set', entries.length]);
    },
  };
  const { send } = registering(memoryRegistry('demo'), cache);
  await send(...Array.from({ length: 30 }, (_, index) => registerEvent(device(`installation-${index}`))));
  t.same(calls, [
    ['get', 30],
    ['set', 30],
  ]);
});

t.test('several requests of one device fold into one row, in their order', async (t) => {
  const { send, one, registry } = registering();
  const { body } = await one(registerEvent());
  const token = body.deviceToken;
  const answers = await send(
    registerEvent(registration({ locale: 'de' }), { token }),
    registerEvent(registration({ locale: 'de' }), { token }),
    registerEvent(registration({ locale: 'fr' })),
    registerEvent(registration({ locale: 'en', timeZone: 'UTC' }), { token }),
  );
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 403, 200],
  );
  t.same(answers[1]?.events, answers[0]?.events, 'unchanged by the second: the fact of the first');
  const [write] = registry.writes.slice(1);
  t.match(write?.changedDevices, [{ device: { locale: 'en', timeZone: 'UTC' } }]);
  t.equal(write?.changedDevices.length, 1);
  t.same(
    write?.newFacts.map(({ fact }) => fact.id),
    [answers[0]?.events[0]?.id, answers[3]?.events[0]?.id],
    'but every change has its fact',
  );
});

t.test('a device that is made, refreshed and removed within a batch', async (t) => {
  const { send, registry } = registering();
  const same = await send(registerEvent(), registerEvent(), registerEvent());
  t.same(
    same.map(({ status, body }) => [status, body.deviceId]),
    [201, 200, 200].map((status) => [status, same[0]?.body.deviceId]),
  );
  t.equal(registry.devices.size, 1);
  const { registrationId, deviceToken: token, deviceId } = same[0]?.body ?? {};
  const answers = await send(
    removeEvent(registrationId, { token }),
    registerEvent(),
    removeEvent(registrationId, { token }),
    registerEvent(),
  );
  t.same(
    answers.map(({ status }) => status),
    [204, 201, 404, 200],
  );
  t.not(answers[1]?.body.deviceId, deviceId, 'another device');
  t.equal(registry.devices.size, 1);
});

t.test('two devices of one user share its row; anonymous ones do not', async (t) => {
  const { send, one, registry } = registering();
  const user = { user: { id: 'reader-1' } };
  const of = (id: string, rest = {}) => registerEvent(registration({ installationId: id }, rest));
  const [a, b] = await send(of('installation-a', user), of('installation-b', user));
  const c = await one(of('installation-c', user));
  t.same([b?.body.userId, c.body.userId], [a?.body.userId, a?.body.userId]);
  t.equal(registry.users.size, 1);
  const [d, e] = await send(of('installation-d'), of('installation-e'));
  t.not(d?.body.userId, e?.body.userId);
});

t.test('a request that the database refuses harms itself alone', async (t) => {
  const registry = memoryRegistry('demo');
  registry.hooks.beforeWrite = ({ newDevices }) => {
    if (newDevices.some(({ locale }) => locale === 'bad')) throw new DataError('refused');
  };
  const { send } = registering(registry);
  const bad = new Set([3, 4, 11]);
  const events = Array.from({ length: 16 }, (_, index) =>
    registerEvent(device(`installation-${index}`, { locale: bad.has(index) ? 'bad' : 'good' })),
  );
  const answers = await send(...events);
  t.same(
    answers.map(({ status, code }) => [status, code]),
    events.map((_, index) => (bad.has(index) ? [400, 'body_invalid'] : [201, undefined])),
  );
  t.equal(registry.devices.size, 13);
});

t.test('disabled and unknown clients in a batch keep nobody else from being served', async (t) => {
  const { send } = registering(memoryRegistry('demo', clientRow('gone', { status: 'disabled' })));
  const answers = await send(
    ...['gone', 'demo', 'nobody', 'demo'].map((client, index) =>
      registerEvent(device(`installation-${index}`), { client }),
    ),
  );
  t.same(
    answers.map(({ status }) => status),
    [403, 201, 503, 201],
  );
});

t.test('a crash is a crash: no answer is made up', async (t) => {
  const registry = memoryRegistry('demo');
  registry.hooks.beforeWrite = () => {
    throw new TypeError('a fault of ours');
  };
  await t.rejects(registering(registry).one(registerEvent()), { message: 'a fault of ours' });
});
