import { v7 } from 'uuid';
import type { InvocationEvent } from '../../../contracts/invocation.ts';
import { ConflictError } from '../../../lambdas/errors.ts';
import type { AnswerCache, AnswerKey, StoredAnswer } from '../../../lambdas/ports/answers.ts';
import type { ClientRow } from '../../../lambdas/ports/registration-store.ts';
import type {
  SubscribedDevice,
  SubscriptionChanges,
  SubscriptionKeys,
  SubscriptionStore,
} from '../../../lambdas/ports/subscription-store.ts';
import { processSubscriptions } from '../../../lambdas/subscriptions/process.ts';
import { clientRow, keyOf, noCache } from '../../support/memory-registry.ts';
import { answerOf, tokens } from '../../support/requests.ts';
import { START } from './registering.ts';

const answerName = ({ client, scope, key }: AnswerKey) => keyOf(client, scope, key);

/** Subscriptions in memory; a write about a device that went meanwhile, or an answer that is there, writes nothing. */
export function memorySubscriptions(...clients: (string | ClientRow)[]) {
  const rows = clients.map((client) => (typeof client === 'string' ? clientRow(client) : client));
  const devices = new Map<string, SubscribedDevice>();
  const facts: SubscriptionChanges['newFacts'] = [];
  const answers = new Map<string, AnswerKey & StoredAnswer>();
  const loads: SubscriptionKeys[] = [];
  const writes: SubscriptionChanges[] = [];
  const hooks: { beforeWrite?: (changes: SubscriptionChanges) => Promise<void> | void } = {};
  const device = (client: string, id: string) => devices.get(keyOf(client, id));

  const store: SubscriptionStore = {
    async load(keys) {
      loads.push(structuredClone(keys));
      const asked = new Set(keys.registrations.map((row) => keyOf(row.client, row.registrationId)));
      return structuredClone({
        clients: rows.filter(({ name }) => keys.clients.includes(name)),
        devices: [...devices.values()].filter((row) => asked.has(keyOf(row.clientId, row.registrationId))),
        answers: [...answers.values()].filter((row) =>
          keys.answers.some((key) => answerName(key) === answerName(row)),
        ),
      });
    },
    async write(changes) {
      await hooks.beforeWrite?.(changes);
      const overtaken =
        changes.states.some(({ client, deviceId }) => !device(client, deviceId)) ||
        changes.answers.some((answer) => answers.has(answerName(answer)));
      if (overtaken) throw new ConflictError('overtaken');
      writes.push(structuredClone(changes));
      for (const { client, deviceId, topic, state } of changes.states)
        (device(client, deviceId) as SubscribedDevice).topics.set(topic, state);
      facts.push(...structuredClone(changes.newFacts));
      for (const answer of changes.answers) answers.set(answerName(answer), structuredClone(answer));
    },
  };
  return { store, devices, facts, answers, loads, writes, hooks };
}

/** The subscriptions function over a registry in memory. */
export function subscribing(registry = memorySubscriptions('demo'), answers: AnswerCache = noCache) {
  let now = START.getTime();
  const ports = {
    store: registry.store,
    answers,
    tokens,
    now: () => new Date(now),
    newId: () => v7({ msecs: now }),
  };
  const send = async (...events: InvocationEvent[]) =>
    (await processSubscriptions(events, ports)).map(answerOf);
  return {
    registry,
    send,
    one: async (event: InvocationEvent) => (await send(event))[0] as ReturnType<typeof answerOf>,
    wait: (ms: number) => {
      now += ms;
    },
    /** A registered device with its token. */
    device(client = 'demo') {
      const [id, registrationId, userId] = [v7(), v7(), v7()] as [string, string, string];
      const row = { clientId: client, id, registrationId, userId, property: 'www', topics: new Map() };
      registry.devices.set(keyOf(client, id), row);
      return { ...row, states: () => Object.fromEntries(row.topics), token: tokens.issue(client, id) };
    },
  };
}
