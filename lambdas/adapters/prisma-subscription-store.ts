import type {
  SubscriptionLoad,
  SubscriptionStateName,
  SubscriptionStore,
} from '../ports/subscription-store.ts';
import { type AnswerJson, answerKeyRow, answerRow, toAnswer } from './answer-rows.ts';
import { type ClientJson, toClient } from './client-rows.ts';
import type { Registry } from './prisma.ts';
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
      const [row] = await registry.run(
        (prisma) => prisma.$queryRaw<LoadRow[]>`
          SELECT
            (SELECT coalesce(json_agg(c), '[]') FROM (
              SELECT name, status, identity_verification, identity_secret, ARRAY[]::text[] AS properties
              FROM client WHERE name = ANY(${keys.clients}::text[])) c) AS clients,
            (SELECT coalesce(json_agg(d), '[]') FROM (
              SELECT client_id, id, registration_id, property, user_id,
                (SELECT coalesce(json_object_agg(s.topic, s.state), '{}') FROM subscription s
                  WHERE s.client_id = device.client_id AND s.device_id = device.id) AS topics
              FROM device
                JOIN (SELECT DISTINCT * FROM json_to_recordset(${registrations}::json)
                  AS r(client_id text, registration_id uuid)) k USING (client_id, registration_id)) d) AS devices,
            (SELECT coalesce(json_agg(a), '[]') FROM (
              SELECT client_id, scope, key, fingerprint, response FROM idempotency
                JOIN json_to_recordset(${answers}::json) AS k(client_id text, scope text, key text)
                USING (client_id, scope, key)) a) AS answers`,
      );
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
      const stateRows = JSON.stringify(
        states.map(({ client, deviceId, topic, state }) => ({
          client_id: client,
          device_id: deviceId,
          topic,
          state,
        })),
      );
      const factRows = JSON.stringify(newFacts.map(factRow));
      const answerRows = JSON.stringify(answers.map(answerRow));
      // a device that went meanwhile fails the foreign key, and the batch decides anew
      await registry.run(
        (prisma) => prisma.$queryRaw`
          WITH r AS (
            SELECT * FROM json_to_recordset(${stateRows}::json)
              AS r(client_id text, device_id uuid, topic text, state text)
            ORDER BY client_id, device_id, topic
          ), topics AS (
            INSERT INTO topic (client_id, name)
            SELECT DISTINCT client_id, topic FROM r ORDER BY client_id, topic
            ON CONFLICT DO NOTHING
          ), states AS (
            INSERT INTO subscription (client_id, device_id, topic, state, updated_at, mirror_after)
            SELECT client_id, device_id, topic, state, ${now}::timestamptz, ${now}::timestamptz FROM r
            ON CONFLICT (client_id, device_id, topic) DO UPDATE SET state = excluded.state,
              mirror = 'pending', attempts = 0, mirror_error = NULL,
              mirror_after = excluded.mirror_after, updated_at = excluded.updated_at
          ), facts AS (
            INSERT INTO fact (client_id, id, type, source, subject, time, data)
            SELECT * FROM json_to_recordset(${factRows}::json)
              AS f(client_id text, id uuid, type text, source text, subject text, time timestamptz, data jsonb)
          ), answers AS (
            INSERT INTO idempotency (client_id, scope, key, fingerprint, response)
            SELECT * FROM json_to_recordset(${answerRows}::json)
              AS a(client_id text, scope text, key text, fingerprint text, response jsonb)
            ORDER BY client_id, scope, key
          )
          SELECT 1`,
      );
    },
  };
}
