import fc from 'fast-check';
import t from 'tap';
import { DataError, UnavailableError } from '../../../lambdas/errors.ts';
import { keyOf } from '../../support/memory-registry.ts';
import { joinEvent, leaveEvent } from '../../support/requests.ts';
import { memorySubscriptions, subscribing } from './memory-subscriptions.ts';

t.test('several requests of one device fold in their order into one state a topic', async (t) => {
  const { send, device, registry } = subscribing();
  const { registrationId, token, states } = device();
  const answers = await send(
    joinEvent(registrationId, ['sport', 'news'], { token }),
    leaveEvent(registrationId, ['sport'], { token }),
    leaveEvent(registrationId, ['sport'], { token }),
    joinEvent(registrationId, ['sport'], {}),
  );
  t.same(
    answers.map(({ status, events }) => [status, events.length]),
    [
      [200, 1],
      [200, 1],
      [200, 0],
      [403, 0],
    ],
  );
  t.equal(registry.loads.length, 1);
  t.equal(registry.writes.length, 1);
  t.same(states(), { sport: 'left', news: 'joined' });
  t.equal(registry.facts.length, 2);
});

t.test('the same key twice in one batch: the same answer, one fact', async (t) => {
  const { send, device, registry } = subscribing();
  const { registrationId, token } = device();
  const options = { token, key: 'k' };
  const [first, second, third] = await send(
    joinEvent(registrationId, ['sport'], options),
    joinEvent(registrationId, ['sport'], options),
    joinEvent(registrationId, ['news'], options),
  );
  t.same(second, first);
  t.match(third, { status: 422, code: 'idempotency_mismatch' });
  t.equal(registry.facts.length, 1);
});

t.test('a topic that the database refuses harms its own request alone', async (t) => {
  const registry = memorySubscriptions('demo');
  registry.hooks.beforeWrite = ({ states }) => {
    if (states.some(({ topic }) => topic === 'bad')) throw new DataError('refused');
  };
  const { send, device } = subscribing(registry);
  const events = Array.from({ length: 9 }, (_, index) => {
    const { registrationId, token } = device();
    return joinEvent(registrationId, [index === 4 ? 'bad' : 'good'], { token });
  });
  t.same(
    (await send(...events)).map(({ status }) => status),
    events.map((_, index) => (index === 4 ? 400 : 200)),
  );
});

t.test('a device that is removed meanwhile: 404 for it, the others are served', async (t) => {
  const registry = memorySubscriptions('demo');
  const { send, device } = subscribing(registry);
  const [mine, other] = [device(), device()];
  registry.hooks.beforeWrite = () => {
    registry.devices.delete(keyOf('demo', mine.id));
  };
  const answers = await send(
    joinEvent(mine.registrationId, ['sport'], { token: mine.token }),
    joinEvent(other.registrationId, ['sport'], { token: other.token }),
  );
  t.same(
    answers.map(({ status }) => status),
    [404, 200],
  );
});

t.test('a registry that is away: 503 with Retry-After, no fact told', async (t) => {
  const registry = memorySubscriptions('demo');
  registry.hooks.beforeWrite = () => {
    throw new UnavailableError('away');
  };
  const { send, device } = subscribing(registry);
  const { registrationId, token } = device();
  const [answer] = await send(joinEvent(registrationId, ['sport'], { token }));
  t.match(answer, { status: 503, code: 'unavailable', retryAfter: '2', events: [] });
});

const move = fc.record({
  client: fc.constantFrom('first', 'second'),
  of: fc.constantFrom('first', 'second'),
  device: fc.nat(1),
  join: fc.boolean(),
  topics: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
});

t.test('mixed clients, however they are batched: each device is as its own requests left it', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(move, { maxLength: 8 }), { maxLength: 4 }), async (batches) => {
      const { send, device, registry } = subscribing(memorySubscriptions('first', 'second'));
      const owned = {
        first: [device('first'), device('first')],
        second: [device('second'), device('second')],
      };
      const wanted = new Map(Object.values(owned).flatMap((rows) => rows.map(({ id }) => [id, {}] as const)));
      for (const batch of batches) {
        const events = batch.map(({ client, of, device: index, join, topics }) => {
          const { registrationId, token } = owned[of as 'first'][index] as (typeof owned)['first'][0];
          return (join ? joinEvent : leaveEvent)(registrationId, topics, { client, token });
        });
        const answers = await send(...events);
        for (const [at, { client, of, device: index, join, topics }] of batch.entries()) {
          const row = owned[of as 'first'][index] as (typeof owned)['first'][0];
          if (answers[at]?.status !== (client === of ? 200 : 404)) return false;
          if (client !== of) continue;
          const state = wanted.get(row.id) as Record<string, string>;
          for (const topic of topics) state[topic] = join ? 'joined' : 'left';
        }
      }
      const right = Object.values(owned)
        .flat()
        .every(
          ({ id, states }) =>
            JSON.stringify(Object.entries(states()).sort()) ===
            JSON.stringify(Object.entries(wanted.get(id) as object).sort()),
        );
      const told = registry.facts.every(
        ({ client, fact }) => fact.source === `/clients/${client}/properties/www`,
      );
      return right && told;
    }),
    { numRuns: 60 },
  );
  t.pass();
});
