import t from 'tap';
import { FACT_WINDOW_MS, uuidv7Time } from '../../../contracts/cloud-event.ts';
import { ConflictError, UnavailableError } from '../../../lambdas/errors.ts';
import { memoryRegistry } from '../../support/memory-registry.ts';
import { registerEvent, registration } from '../../support/requests.ts';
import { registering, START } from './registering.ts';

t.test('within the window the original fact is told again, past it a new one is made', async (t) => {
  const { one, wait, registry } = registering();
  const first = await one(registerEvent());
  wait(FACT_WINDOW_MS - 1);
  t.same((await one(registerEvent())).events, first.events);
  wait(1);
  const later = await one(registerEvent());
  t.match(later, { status: 200, body: { created: false, deviceId: first.body.deviceId } });
  t.notOk('deviceToken' in later.body, 'the new fact gives nobody the token');
  t.match(later.events, [
    { type: 'pistats.registration.updated', time: new Date(START.getTime() + FACT_WINDOW_MS).toISOString() },
  ]);
  t.not(later.events[0]?.id, first.events[0]?.id);
  t.same((await one(registerEvent())).events, later.events, 'and then it is the original');
  t.equal(registry.facts.size, 2);
});

t.test('a fact’s id holds the time at which it was made: the day under which it is stored', async (t) => {
  const { one, wait } = registering();
  wait(86_400_000);
  const [fact] = (await one(registerEvent())).events;
  t.equal(uuidv7Time(fact?.id ?? ''), Date.parse(fact?.time ?? ''));
});

t.test('the fact is stored in the same write as the row that it tells of', async (t) => {
  const { one, registry } = registering();
  const { events, body } = await one(registerEvent());
  t.match(registry.writes, [
    {
      newFacts: [{ client: 'demo', fact: events[0] }],
      newDevices: [{ id: body.deviceId, lastFact: events[0] }],
    },
  ]);
});

t.test('two functions make one device at once: the second hears of the first’s', async (t) => {
  const registry = memoryRegistry('demo');
  const first = registering(registry);
  const second = registering(registry);
  let rival: Awaited<ReturnType<typeof first.one>> | undefined;
  registry.hooks.beforeWrite = async () => {
    registry.hooks.beforeWrite = undefined;
    rival = await second.one(registerEvent());
  };
  const answer = await first.one(registerEvent());
  t.equal(rival?.status, 201);
  t.match(answer, { status: 200, body: { created: false, deviceId: rival?.body.deviceId } });
  t.same(answer.events, rival?.events);
  t.equal(registry.devices.size, 1);
  t.equal(registry.facts.size, 1);
});

t.test('one request reaches two functions at once: the same answer from both', async (t) => {
  const registry = memoryRegistry('demo');
  const first = registering(registry);
  const second = registering(registry);
  const event = () => registerEvent(registration(), { requestId: 'r1' });
  let rival: Awaited<ReturnType<typeof first.one>> | undefined;
  registry.hooks.beforeWrite = async () => {
    registry.hooks.beforeWrite = undefined;
    rival = await second.one(event());
  };
  t.same(await first.one(event()), rival);
  t.equal(rival?.status, 201);
});

t.test('a device that changed meanwhile is decided anew, and no change is lost', async (t) => {
  const registry = memoryRegistry('demo');
  const first = registering(registry);
  const second = registering(registry);
  const { body } = await first.one(registerEvent());
  const token = body.deviceToken;
  registry.hooks.beforeWrite = async () => {
    registry.hooks.beforeWrite = undefined;
    await second.one(registerEvent(registration({ locale: 'de' }), { token }));
  };
  t.equal((await first.one(registerEvent(registration({ timeZone: 'UTC' }), { token }))).status, 200);
  t.match([...registry.devices.values()], [{ locale: 'de', timeZone: 'UTC' }]);
});

t.test('who is overtaken for ever is told so: 409, to be tried again', async (t) => {
  const registry = memoryRegistry('demo');
  registry.hooks.beforeWrite = () => {
    throw new ConflictError('overtaken');
  };
  const answer = await registering(registry).one(registerEvent());
  t.match(answer, { status: 409, code: 'idempotency_in_progress', events: [] });
});

t.test('a registry that is away: 503 to everyone, no fact told', async (t) => {
  const registry = memoryRegistry('demo');
  registry.hooks.beforeWrite = () => {
    throw new UnavailableError('away');
  };
  const { send } = registering(registry);
  const answers = await send(registerEvent(), registerEvent('nonsense'), registerEvent());
  t.same(
    answers.map(({ status, retryAfter, events }) => [status, retryAfter, events]),
    [
      [503, '2', []],
      [400, undefined, []],
      [503, '2', []],
    ],
  );
  t.equal(registry.facts.size, 0);
});
