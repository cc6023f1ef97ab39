import type {
  DeviceRow,
  RegistrationChanges,
  RegistrationState,
  RegistrationStore,
} from '../ports/registration-store.ts';
import { type AnswerJson, answerKeyRow, answerRow, toAnswer } from './answer-rows.ts';
import { type ClientJson, toClient } from './client-rows.ts';
import type { Registry } from './prisma.ts';
import { type FactJson, factRow, toFact } from './stored-fact.ts';

interface DeviceJson {
  client_id: string;
  id: string;
  registration_id: string;
  property: string;
  installation_id: string;
  user_id: string;
  external_id: string | null;
  user_verified: boolean;
  platform: string;
  address_kind: string | null;
  address_value: string | null;
  locale: string | null;
  time_zone: string | null;
  last_fact: FactJson;
}

interface LoadRow {
  clients: ClientJson[];
  devices: DeviceJson[];
  users: { client_id: string; id: string; external_id: string }[];
  answers: AnswerJson[];
}

/** Registrations in PostgreSQL by Prisma: a batch is one reading and one writing statement. */
export function createPrismaRegistrationStore(registry: Registry): RegistrationStore {
  return {
    async load(keys): Promise<RegistrationState> {
      const installations = JSON.stringify(
        keys.installations.map(({ client, property, installationId }) => ({
          client_id: client,
          property,
          installation_id: installationId,
        })),
      );
      const registrations = JSON.stringify(
        keys.registrations.map(({ client, registrationId }) => ({
          client_id: client,
          registration_id: registrationId,
        })),
      );
      const users = JSON.stringify(
        keys.users.map(({ client, externalId }) => ({ client_id: client, external_id: externalId })),
      );
      const answers = JSON.stringify(keys.answers.map(answerKeyRow));
      const [row] = await registry.run(
        (prisma) => prisma.$queryRaw<LoadRow[]>`
          WITH wanted AS (
            SELECT d.* FROM device d
              JOIN json_to_recordset(${installations}::json) AS k(client_id text, property text, installation_id text)
              USING (client_id, property, installation_id)
            UNION
            SELECT d.* FROM device d
              JOIN json_to_recordset(${registrations}::json) AS k(client_id text, registration_id uuid)
              USING (client_id, registration_id)
          )
          SELECT
            (SELECT coalesce(json_agg(c), '[]') FROM (
              SELECT name, status, identity_verification, identity_secret,
                ARRAY(SELECT p.name FROM property p WHERE p.client_id = client.name) AS properties
              FROM client WHERE name = ANY(${keys.clients}::text[])) c) AS clients,
            (SELECT coalesce(json_agg(d), '[]') FROM (
              SELECT w.*, u.external_id, row_to_json(f) AS last_fact FROM wanted w
                JOIN app_user u ON u.client_id = w.client_id AND u.id = w.user_id
                JOIN fact f ON f.client_id = w.client_id AND f.id = w.last_fact_id) d) AS devices,
            (SELECT coalesce(json_agg(u), '[]') FROM (
              SELECT client_id, id, external_id FROM app_user
                JOIN json_to_recordset(${users}::json) AS k(client_id text, external_id text)
                USING (client_id, external_id)) u) AS users,
            (SELECT coalesce(json_agg(a), '[]') FROM (
              SELECT client_id, scope, key, fingerprint, response FROM idempotency
                JOIN json_to_recordset(${answers}::json) AS k(client_id text, scope text, key text)
                USING (client_id, scope, key)) a) AS answers`,
      );
      const found = row as LoadRow;
      return {
        clients: found.clients.map(toClient),
        devices: found.devices.map(toDevice),
        users: found.users.map(({ client_id, id, external_id }) => ({
          clientId: client_id,
          id,
          externalId: external_id,
        })),
        answers: found.answers.map(toAnswer),
      };
    },

    async write(changes): Promise<void> {
      const rows = toRows(changes);
      const { changed: changedCount, removed: removedCount } = rows.counts;
      // one statement is one transaction. Rows go in by their keys' order, so that two batches do not wait for each
      // other crosswise; the division fails, and with it everything, when a device was changed by another meanwhile
      await registry.run(
        (prisma) => prisma.$queryRaw`
          WITH new_users AS (
            INSERT INTO app_user (client_id, id, external_id)
            SELECT * FROM json_to_recordset(${rows.users}::json) AS r(client_id text, id uuid, external_id text)
            ORDER BY client_id, external_id, id
          ), new_facts AS (
            INSERT INTO fact (client_id, id, type, source, subject, time, data)
            SELECT * FROM json_to_recordset(${rows.facts}::json)
              AS r(client_id text, id uuid, type text, source text, subject text, time timestamptz, data jsonb)
          ), new_devices AS (
            INSERT INTO device (client_id, id, registration_id, property, installation_id, user_id, user_verified,
              platform, address_kind, address_value, locale, time_zone, last_fact_id, created_at, updated_at)
            SELECT client_id, id, registration_id, property, installation_id, user_id, user_verified,
              platform, address_kind, address_value, locale, time_zone, last_fact_id, updated_at, updated_at
            FROM json_to_recordset(${rows.devices}::json) AS r(client_id text, id uuid, registration_id uuid,
              property text, installation_id text, user_id uuid, user_verified boolean, platform text,
              address_kind text, address_value text, locale text, time_zone text, last_fact_id uuid,
              updated_at timestamptz)
            ORDER BY client_id, property, installation_id
          ), given AS (
            SELECT * FROM json_to_recordset(${rows.changed}::json) AS r(client_id text, id uuid, user_id uuid,
              user_verified boolean, platform text, address_kind text, address_value text, locale text,
              time_zone text, last_fact_id uuid, updated_at timestamptz, previous_fact_id uuid)
          ), changed AS (
            UPDATE device d SET user_id = r.user_id, user_verified = r.user_verified, platform = r.platform,
              address_kind = r.address_kind, address_value = r.address_value, locale = r.locale,
              time_zone = r.time_zone, last_fact_id = r.last_fact_id, updated_at = r.updated_at,
              address_state = CASE WHEN d.address_value IS NOT DISTINCT FROM r.address_value
                THEN d.address_state ELSE 'live' END
            FROM given r
            WHERE d.client_id = r.client_id AND d.id = r.id AND d.last_fact_id = r.previous_fact_id
            RETURNING 1
          ), mirrored_anew AS (
            -- FCM knows topics by address: a new one joins them again
            UPDATE subscription s SET mirror = 'pending', attempts = 0, mirror_error = NULL,
              mirror_after = r.updated_at, updated_at = r.updated_at
            FROM given r JOIN device d ON d.client_id = r.client_id AND d.id = r.id
            WHERE s.client_id = r.client_id AND s.device_id = r.id AND s.state = 'joined'
              AND (d.address_kind, d.address_value) IS DISTINCT FROM (r.address_kind, r.address_value)
          ), going AS (
            SELECT * FROM json_to_recordset(${rows.removed}::json)
              AS r(client_id text, id uuid, previous_fact_id uuid)
          ), leaves AS (
            -- the subscriptions go with their device, but FCM must still be told
            INSERT INTO topic_leave (client_id, topic, address_value, updated_at)
            SELECT DISTINCT d.client_id, s.topic, d.address_value, now()
            FROM going r
              JOIN device d ON d.client_id = r.client_id AND d.id = r.id
              JOIN subscription s ON s.client_id = d.client_id AND s.device_id = d.id
            WHERE d.address_kind = 'fcm_token' AND d.address_state = 'live' AND s.mirror <> 'none'
            ORDER BY 1, 2, 3
            ON CONFLICT (client_id, topic, address_value)
              DO UPDATE SET attempts = 0, mirror_after = excluded.updated_at, updated_at = excluded.updated_at
          ), removed AS (
            DELETE FROM device d USING going r
            WHERE d.client_id = r.client_id AND d.id = r.id AND d.last_fact_id = r.previous_fact_id
            RETURNING 1
          ), answers AS (
            INSERT INTO idempotency (client_id, scope, key, fingerprint, response)
            SELECT * FROM json_to_recordset(${rows.answers}::json)
              AS r(client_id text, scope text, key text, fingerprint text, response jsonb)
            ORDER BY client_id, scope, key
          )
          SELECT 1 / CASE WHEN (SELECT count(*) FROM changed) = ${changedCount}
            AND (SELECT count(*) FROM removed) = ${removedCount} THEN 1 ELSE 0 END AS written`,
      );
    },
  };
}

function toDevice(row: DeviceJson): DeviceRow {
  return {
    clientId: row.client_id,
    id: row.id,
    registrationId: row.registration_id,
    property: row.property,
    installationId: row.installation_id,
    userId: row.user_id,
    externalUserId: row.external_id,
    userVerified: row.user_verified,
    platform: row.platform,
    addressKind: row.address_kind,
    addressValue: row.address_value,
    locale: row.locale,
    timeZone: row.time_zone,
    lastFact: toFact(row.last_fact),
  };
}

const deviceRow = (device: DeviceRow) => ({
  client_id: device.clientId,
  id: device.id,
  registration_id: device.registrationId,
  property: device.property,
  installation_id: device.installationId,
  user_id: device.userId,
  user_verified: device.userVerified,
  platform: device.platform,
  address_kind: device.addressKind,
  address_value: device.addressValue,
  locale: device.locale,
  time_zone: device.timeZone,
  last_fact_id: device.lastFact.id,
  updated_at: device.lastFact.time,
});

function toRows(changes: RegistrationChanges) {
  return {
    users: JSON.stringify(
      changes.newUsers.map(({ clientId, id, externalId }) => ({
        client_id: clientId,
        id,
        external_id: externalId,
      })),
    ),
    facts: JSON.stringify(changes.newFacts.map(factRow)),
    devices: JSON.stringify(changes.newDevices.map(deviceRow)),
    changed: JSON.stringify(
      changes.changedDevices.map(({ device, previousFactId }) => ({
        ...deviceRow(device),
        previous_fact_id: previousFactId,
      })),
    ),
    removed: JSON.stringify(
      changes.removedDevices.map(({ client, id, previousFactId }) => ({
        client_id: client,
        id,
        previous_fact_id: previousFactId,
      })),
    ),
    answers: JSON.stringify(changes.answers.map(answerRow)),
    counts: { changed: changes.changedDevices.length, removed: changes.removedDevices.length },
  };
}
