import fc from 'fast-check';
import t from 'tap';
import { memoryCache, memoryRegistry, noCache } from '../../support/memory-registry.ts';
import { registerEvent, registration, removeEvent, tokens } from '../../support/requests.ts';
import { registering } from './registering.ts';

const CLIENTS = ['first', 'second', 'third'] as const;
const action = fc.record({
  client: fc.constantFrom(...CLIENTS),
  installation: fc.constantFrom('installation-1', 'installation-2'),
  property: fc.constantFrom('www', 'app'),
  user: fc.option(fc.constantFrom('reader-1', 'reader-2'), { nil: undefined }),
  locale: fc.constantFrom('de', 'fr'),
  /** whose registration a removal names, if it is one */
  remove: fc.option(fc.constantFrom(...CLIENTS), { nil: undefined, freq: 3 }),
  key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined, freq: 2 }),
});
const batches = fc.array(fc.array(action, { maxLength: 12 }), { maxLength: 5 });

t.test('whatever a batch mixes, no client meets what is another’s', async (t) => {
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), async (actions, cached) => {
      const registry = memoryRegistry(...CLIENTS);
      const { send } = registering(registry, cached ? memoryCache().cache : noCache);
      const owner = new Map<string, string>();
      const made = new Map<string, { registrationId: string; deviceId: string }>();
      for (const batch of actions) {
        const events = batch.map(({ client, installation, property, user, locale, remove, key }) => {
          const theirs = made.get(`${remove} ${property} ${installation}`);
          if (theirs) {
            const token = tokens.issue(remove as string, theirs.deviceId);
            return removeEvent(theirs.registrationId, { client, token, key });
          }
          const token = made.get(`${client} ${property} ${installation}`)?.deviceId;
          const body = registration(
            { installationId: installation, locale },
            { property, ...(user ? { user: { id: user } } : {}) },
          );
          return registerEvent(body, { client, key, token: token && tokens.issue(client, token) });
        });
        const before = new Map(made);
        const answers = await send(...events);
        for (const [index, { client, installation, property, remove }] of batch.entries()) {
          const { status, body, events: facts } = answers[index] as (typeof answers)[number];
          if (facts.some(({ source }) => source !== `/clients/${client}/properties/${property}`))
            return false;
          if (remove && before.has(`${remove} ${property} ${installation}`)) {
            if (remove !== client && status !== 404) return false;
            continue;
          }
          if (status !== 200 && status !== 201) continue;
          for (const id of [body.deviceId, body.registrationId, body.userId]) {
            if ((owner.get(id) ?? client) !== client) return false;
            owner.set(id, client);
          }
          made.set(`${client} ${property} ${installation}`, body);
        }
      }
      const rows = [...registry.devices.values()];
      return rows.every(
        ({ id, userId, clientId, lastFact }) =>
          owner.get(id) === clientId &&
          registry.users.get(JSON.stringify([clientId, userId]))?.clientId === clientId &&
          registry.facts.get(JSON.stringify([clientId, lastFact.id]))?.client === clientId,
      );
    }),
    { numRuns: 150 },
  );
  t.pass();
});

t.test('what a batch asks of the registry names the client of each request’s authorizer', async (t) => {
  const { send, registry } = registering(memoryRegistry('first', 'second'));
  const user = { user: { id: 'reader-1' } };
  const id = '0190a0c0-0000-7000-8000-000000000000';
  await send(
    registerEvent(registration({}, user), { client: 'first', requestId: 'r1' }),
    registerEvent(registration(), { client: 'second', requestId: 'r2' }),
    removeEvent(id, { client: 'second', requestId: 'r3' }),
  );
  t.match(registry.loads, [
    {
      clients: ['first', 'second'],
      installations: [{ client: 'first' }, { client: 'second' }],
      registrations: [{ client: 'second', registrationId: id }],
      users: [{ client: 'first', externalId: 'reader-1' }],
      answers: [
        { client: 'first', key: 'request:r1' },
        { client: 'second', key: 'request:r2' },
        { client: 'second', key: 'request:r3' },
      ],
    },
  ]);
});

t.test('batched or one by one, in any grouping: the same devices and the same statuses', async (t) => {
  const one = fc.record({
    client: fc.constantFrom(...CLIENTS),
    installation: fc.constantFrom('installation-1', 'installation-2'),
    locale: fc.constantFrom('de', 'fr'),
    user: fc.option(fc.constantFrom('reader-1', 'reader-2'), { nil: undefined }),
    requestId: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 15 }), fc.nat(14), async (requests, cut) => {
      const events = requests.map(({ client, installation, locale, user, requestId }) =>
        registerEvent(
          registration({ installationId: installation, locale }, user ? { user: { id: user } } : {}),
          { client, requestId },
        ),
      );
      const outcome = async (groups: (typeof events)[]) => {
        const registry = memoryRegistry(...CLIENTS);
        const { send } = registering(registry);
        const statuses: number[] = [];
        for (const group of groups) statuses.push(...(await send(...group)).map(({ status }) => status));
        const devices = [...registry.devices.values()]
          .map((row) => [row.clientId, row.installationId, row.locale, row.externalUserId].join())
          .sort();
        return JSON.stringify({ statuses, devices, facts: registry.facts.size, users: registry.users.size });
      };
      const whole = await outcome([events]);
      return (
        whole === (await outcome(events.map((event) => [event]))) &&
        whole === (await outcome([events.slice(0, cut), events.slice(cut)]))
      );
    }),
    { numRuns: 100 },
  );
  t.pass();
});
