import type {
  SubscriptionLoad,
  SubscriptionStateName,
  SubscriptionStore,
} from '../ports/subscription-store.ts';
import { type AnswerJson, answerKeyRow, answerRow, toAnswer } from './answer-rows.ts';
import { type ClientJson, toClient } from './client-rows.ts';
import type { Registry } from './prisma.ts';
import { loadSubscriptions } from './statements/load-subscriptions.ts';
import { writeSubscriptions } from './statements/write-subscriptions.ts';
import { factRow } from './stored-fact.ts';

interface DeviceJson {
  client_id: string;
  id: string;
  registration_id: string;
  property: string;
  user_id: string;
  topics: Record<string, SubscriptionStateName>;
}

interface LoadRow {
  clients: ClientJson[];
  devices: DeviceJson[];
  answers: AnswerJson[];
}

/** Subscriptions in PostgreSQL by Prisma: a batch is one reading and one writing statement. */
export function createPrismaSubscriptionStore(registry: Registry): SubscriptionStore {
  return {
    async load(keys): Promise<SubscriptionLoad> {
      const registrations = JSON.stringify(
        keys.registrations.map(({ client, registrationId }) => ({
          client_id: client,
          registration_id: registrationId,
        })),
      );
      const answers = JSON.stringify(keys.answers.map(answerKeyRow));
      const statement = loadSubscriptions({ clients: keys.clients, registrations, answers });
      const [row] = await registry.run((prisma) => prisma.$queryRaw<LoadRow[]>(statement));
      const found = row as LoadRow;
      return {
        clients: found.clients.map(toClient),
        devices: found.devices.map((device) => ({
          clientId: device.client_id,
          id: device.id,
          registrationId: device.registration_id,
          property: device.property,
          userId: device.user_id,
          topics: new Map(Object.entries(device.topics)),
        })),
        answers: found.answers.map(toAnswer),
      };
    },

    async write({ states, newFacts, answers }, now): Promise<void> {
      const statement = writeSubscriptions({
        states: JSON.stringify(
          states.map(({ client, deviceId, topic, state }) => ({
            client_id: client,
            device_id: deviceId,
            topic,
            state,
          })),
        ),
        facts: JSON.stringify(newFacts.map(factRow)),
        answers: JSON.stringify(answers.map(answerRow)),
        now,
      });
      await registry.run((prisma) => prisma.$queryRaw(statement));
    },
  };
}
