import { Prisma } from '../../generated/prisma/client.ts';

/** Rows as JSON arrays; the counts are those of `changed` and `removed`. */
export interface RegistrationRowsJson {
  users: string;
  facts: string;
  devices: string;
  changed: string;
  removed: string;
  answers: string;
  changedCount: number;
  removedCount: number;
}

/**
 * All changes of a batch of registrations. One statement is one transaction. Rows go in by their keys' order, so that two
 * batches do not wait for each other crosswise; the division fails, and with it everything, when a device was changed by
 * another meanwhile. What FCM has to be told of an address that changes or goes is marked by triggers (migration 0004).
 */
export const writeRegistrations = (rows: RegistrationRowsJson) => Prisma.sql`
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
  ), going AS (
    SELECT * FROM json_to_recordset(${rows.removed}::json)
      AS r(client_id text, id uuid, previous_fact_id uuid)
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
  SELECT 1 / CASE WHEN (SELECT count(*) FROM changed) = ${rows.changedCount}
    AND (SELECT count(*) FROM removed) = ${rows.removedCount} THEN 1 ELSE 0 END AS written`;
