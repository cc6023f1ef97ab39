import { Prisma } from '../../generated/prisma/client.ts';

/**
 * Claims rows of topic_mirror and tells what each asks of FCM. Devices and subscriptions decide, not what marked the row;
 * where the client has another Firebase project by now, a row of that one is made beside it. `sent` is set before FCM
 * hears of a join: a run that dies leaves behind that it may have arrived.
 */
export const claimMirrors = (firebaseProject: string, limit: number, leaseMs: number) => Prisma.sql`
  WITH due AS (
    SELECT client_id, address_value, topic, firebase_project FROM topic_mirror
    WHERE state = 'pending' AND firebase_project = ${firebaseProject} AND due_at <= now()
      AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY due_at LIMIT ${limit}
    FOR UPDATE SKIP LOCKED
  ), seen AS (
    SELECT due.*, coalesce(c.firebase_project, '') AS present, EXISTS (
      SELECT FROM device d JOIN subscription s ON s.client_id = d.client_id AND s.device_id = d.id
      WHERE d.client_id = due.client_id AND d.address_value = due.address_value AND d.address_kind = 'fcm_token'
        AND d.address_state = 'live' AND s.topic = due.topic AND s.state = 'joined') AS joined
    FROM due JOIN client c ON c.name = due.client_id
  ), leased AS (
    UPDATE topic_mirror m SET leased_until = now() + ${leaseMs} * interval '1 millisecond',
      sent = m.sent OR (s.joined AND s.present = m.firebase_project AND s.present <> '')
    FROM seen s
    WHERE (m.client_id, m.address_value, m.topic, m.firebase_project)
      = (s.client_id, s.address_value, s.topic, s.firebase_project)
    RETURNING m.*, s.joined, s.present
  ), moved AS (
    INSERT INTO topic_mirror (client_id, address_value, topic, firebase_project)
    SELECT client_id, address_value, topic, present FROM leased
    WHERE joined AND present <> '' AND present <> firebase_project
    ORDER BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING
  )
  SELECT client_id AS "clientId", address_value AS "addressValue", topic, firebase_project AS "firebaseProject",
    version, attempts,
    CASE WHEN joined AND present = firebase_project THEN CASE WHEN present = '' THEN 'wait' ELSE 'join' END
      WHEN sent THEN 'leave' ELSE 'forget' END AS action
  FROM leased`;
