import { Prisma } from '../../generated/prisma/client.ts';

/** JSON arrays of keys, as PostgreSQL's json_to_recordset reads them. */
export interface RegistrationKeysJson {
  clients: string[];
  installations: string;
  registrations: string;
  users: string;
  answers: string;
}

/** What a batch of registrations asks about: one row with a JSON array a kind. */
export const loadRegistrations = (keys: RegistrationKeysJson) => Prisma.sql`
  WITH wanted AS (
    SELECT d.* FROM device d
      JOIN json_to_recordset(${keys.installations}::json) AS k(client_id text, property text, installation_id text)
      USING (client_id, property, installation_id)
    UNION
    SELECT d.* FROM device d
      JOIN json_to_recordset(${keys.registrations}::json) AS k(client_id text, registration_id uuid)
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
        JOIN json_to_recordset(${keys.users}::json) AS k(client_id text, external_id text)
        USING (client_id, external_id)) u) AS users,
    (SELECT coalesce(json_agg(a), '[]') FROM (
      SELECT client_id, scope, key, fingerprint, response FROM idempotency
        JOIN json_to_recordset(${keys.answers}::json) AS k(client_id text, scope text, key text)
        USING (client_id, scope, key)) a) AS answers`;
