import { Prisma } from '../../generated/prisma/client.ts';

/** Rows as JSON arrays. */
export interface SubscriptionRowsJson {
  states: string;
  facts: string;
  answers: string;
  now: Date;
}

/**
 * All changes of a batch of subscriptions. A device that went meanwhile fails the foreign key, and the batch decides anew. Triggers
 * mark what FCM has to be told (migration 0004).
 */
export const writeSubscriptions = (rows: SubscriptionRowsJson) => Prisma.sql`
  WITH r AS (
    SELECT * FROM json_to_recordset(${rows.states}::json)
      AS r(client_id text, device_id uuid, topic text, state text)
    ORDER BY client_id, device_id, topic
  ), topics AS (
    INSERT INTO topic (client_id, name)
    SELECT DISTINCT client_id, topic FROM r ORDER BY client_id, topic
    ON CONFLICT DO NOTHING
  ), states AS (
    INSERT INTO subscription (client_id, device_id, topic, state, updated_at)
    SELECT client_id, device_id, topic, state, ${rows.now}::timestamptz FROM r
    ON CONFLICT (client_id, device_id, topic)
      DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
  ), facts AS (
    INSERT INTO fact (client_id, id, type, source, subject, time, data)
    SELECT * FROM json_to_recordset(${rows.facts}::json)
      AS f(client_id text, id uuid, type text, source text, subject text, time timestamptz, data jsonb)
  ), answers AS (
    INSERT INTO idempotency (client_id, scope, key, fingerprint, response)
    SELECT * FROM json_to_recordset(${rows.answers}::json)
      AS a(client_id text, scope text, key text, fingerprint text, response jsonb)
    ORDER BY client_id, scope, key
  )
  SELECT 1`;
