import { Prisma } from '../../generated/prisma/client.ts';

/**
 * Keeps what became of claimed rows, given as a JSON array. A row that was changed since it was claimed stays pending and
 * loses its lease alone. An address that is dead is taken off every device that has it, and out of all topics.
 */
export const settleMirrors = (rows: string) => Prisma.sql`
  WITH r AS (
    SELECT * FROM json_to_recordset(${rows}::json) AS r(client_id text, address_value text, topic text,
      firebase_project text, version int, result text, error text, due_at timestamptz, dead boolean)
  ), gone AS (
    DELETE FROM topic_mirror m USING r
    WHERE m.client_id = r.client_id AND m.address_value = r.address_value
      AND (r.dead OR r.result = 'gone' AND (m.topic, m.firebase_project, m.version)
        = (r.topic, r.firebase_project, r.version))
  ), settled AS (
    UPDATE topic_mirror m SET leased_until = NULL,
      state = CASE WHEN m.version <> r.version THEN m.state WHEN r.result = 'joined' THEN 'mirrored'
        WHEN r.result = 'waits' THEN 'none' ELSE 'pending' END,
      attempts = CASE WHEN m.version <> r.version OR r.result = 'released' THEN m.attempts
        WHEN r.result = 'later' THEN m.attempts + 1 ELSE 0 END,
      error = CASE WHEN m.version <> r.version OR r.result = 'released' THEN m.error ELSE r.error END,
      due_at = CASE WHEN m.version <> r.version OR r.due_at IS NULL THEN m.due_at ELSE r.due_at END
    FROM r
    WHERE (m.client_id, m.address_value, m.topic, m.firebase_project)
      = (r.client_id, r.address_value, r.topic, r.firebase_project)
      AND NOT r.dead AND NOT (r.result = 'gone' AND m.version = r.version)
  ), retired AS (
    UPDATE device d SET address_state = 'dead' FROM (SELECT DISTINCT client_id, address_value FROM r WHERE dead) r
    WHERE d.client_id = r.client_id AND d.address_value = r.address_value AND d.address_kind = 'fcm_token'
      AND d.address_state = 'live'
  )
  SELECT 1`;
