import type { Fact } from '../../contracts/cloud-event.ts';
import type { InvocationEvent, InvocationResponse } from '../../contracts/invocation.ts';
import type { DeviceTokens } from '../device-token.ts';
import type { Answer, AnswerCache } from '../ports/answers.ts';
import type { Clock, NewId } from '../ports/clock.ts';
import type {
  SubscribedDevice,
  SubscriptionChanges,
  SubscriptionStore,
} from '../ports/subscription-store.ts';
import { processBatch } from '../process-batch.ts';
import { answerId, indexAnswers } from '../request.ts';
import { fromAnswer, problemResponse, repeatAnswer } from '../responses.ts';
import { parse, type SubscriptionCommand } from './parse.ts';

export interface SubscriptionPorts {
  store: SubscriptionStore;
  answers: AnswerCache;
  tokens: DeviceTokens;
  now: Clock;
  newId: NewId;
}

/** Devices join and leave topics. Answered after the commit; FCM hears of it later, from the reconcile function. */
export function processSubscriptions(
  events: InvocationEvent[],
  ports: SubscriptionPorts,
): Promise<InvocationResponse[]> {
  return processBatch(events, { parse, attempt: (commands) => attempt(commands, ports) }, ports);
}

async function attempt(
  commands: SubscriptionCommand[],
  ports: SubscriptionPorts,
): Promise<InvocationResponse[]> {
  const { clients, devices, answers } = await ports.store.load({
    clients: [...new Set(commands.map(({ client }) => client))],
    registrations: commands,
    answers: commands.map(({ answerKey }) => answerKey),
  });
  const now = ports.now();
  const byName = new Map(clients.map((client) => [client.name, client]));
  const byRegistration = new Map(
    devices.map((device) => [`${device.clientId} ${device.registrationId}`, device]),
  );
  const known = indexAnswers(answers);
  const states = new Map<string, SubscriptionChanges['states'][number]>();
  const changes: SubscriptionChanges = { states: [], newFacts: [], answers: [] };
  const answered: SubscriptionChanges['answers'] = [];

  const decide = (command: SubscriptionCommand): InvocationResponse => {
    const client = byName.get(command.client);
    if (!client) return problemResponse('client_unknown', { 'retry-after': '30' });
    if (client.status === 'disabled') return problemResponse('client_disabled');
    const stored = known.get(answerId(command.answerKey));
    if (stored && stored.fingerprint !== command.fingerprint) return problemResponse('idempotency_mismatch');
    if (stored) return repeatAnswer(stored.answer, command.client, ports.tokens, now);
    const device = byRegistration.get(`${command.client} ${command.registrationId}`);
    if (!device) return problemResponse('registration_unknown');
    if (!ports.tokens.verify(command.deviceToken, command.client, device.id))
      return problemResponse('device_token_invalid');

    const moved = command.topics.filter((topic) => device.topics.get(topic) !== command.state);
    const events: Fact[] =
      moved.length > 0 ? [subscriptionFact(command, device, moved, ports.newId(), now)] : [];
    for (const topic of moved) {
      device.topics.set(topic, command.state);
      const state = { client: command.client, deviceId: device.id, topic, state: command.state };
      states.set(`${command.client} ${device.id} ${topic}`, state);
    }
    const body = command.topics.map((name) => ({ name, state: command.state }));
    const answer: Answer = { status: 200, body, events };
    const kept = { ...command.answerKey, fingerprint: command.fingerprint, answer };
    answered.push(kept);
    // one without a key is Kong's own repetition at most, which comes at once: the cache is enough where nothing changed
    if (events.length > 0 || command.keyed) {
      known.set(answerId(command.answerKey), kept);
      changes.answers.push(kept);
    }
    changes.newFacts.push(...events.map((fact) => ({ client: command.client, fact })));
    return fromAnswer(answer, command.client, ports.tokens);
  };

  const responses = commands.map(decide);
  changes.states = [...states.values()];
  if (changes.newFacts.length > 0 || changes.answers.length > 0) await ports.store.write(changes, now);
  await ports.answers.set(answered);
  return responses;
}

function subscriptionFact(
  { client, registrationId, state }: SubscriptionCommand,
  device: SubscribedDevice,
  topics: string[],
  id: string,
  now: Date,
): Fact {
  return {
    specversion: '1.0',
    id,
    source: `/clients/${client}/properties/${device.property}`,
    type: state === 'joined' ? 'pistats.subscription.joined' : 'pistats.subscription.left',
    time: now.toISOString(),
    subject: device.userId,
    datacontenttype: 'application/json',
    data: { property: device.property, registrationId, userId: device.userId, deviceId: device.id, topics },
  };
}
