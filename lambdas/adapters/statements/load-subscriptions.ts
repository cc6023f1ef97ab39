import { Prisma } from '../../generated/prisma/client.ts';

/** JSON arrays of keys, as PostgreSQL's json_to_recordset reads them. */
export interface SubscriptionKeysJson {
  clients: string[];
  registrations: string;
  answers: string;
}

/** What a batch of subscriptions asks about: one row with a JSON array a kind. */
export const loadSubscriptions = (keys: SubscriptionKeysJson) => Prisma.sql`
  SELECT
    (SELECT coalesce(json_agg(c), '[]') FROM (
      SELECT name, status, identity_verification, identity_secret, ARRAY[]::text[] AS properties
      FROM client WHERE name = ANY(${keys.clients}::text[])) c) AS clients,
    (SELECT coalesce(json_agg(d), '[]') FROM (
      SELECT client_id, id, registration_id, property, user_id,
        (SELECT coalesce(json_object_agg(s.topic, s.state), '{}') FROM subscription s
          WHERE s.client_id = device.client_id AND s.device_id = device.id) AS topics
      FROM device
        JOIN (SELECT DISTINCT * FROM json_to_recordset(${keys.registrations}::json)
          AS r(client_id text, registration_id uuid)) k USING (client_id, registration_id)) d) AS devices,
    (SELECT coalesce(json_agg(a), '[]') FROM (
      SELECT client_id, scope, key, fingerprint, response FROM idempotency
        JOIN json_to_recordset(${keys.answers}::json) AS k(client_id text, scope text, key text)
        USING (client_id, scope, key)) a) AS answers`;
