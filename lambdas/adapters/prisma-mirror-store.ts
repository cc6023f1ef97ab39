import type { MirrorStore, PendingMirror } from '../ports/mirror-store.ts';
import type { Registry } from './prisma.ts';

/** Pending subscriptions in PostgreSQL by Prisma. */
export function createPrismaMirrorStore(registry: Registry): MirrorStore {
  return {
    claim: (limit, leaseMs) =>
      registry.run(
        (prisma) => prisma.$queryRaw<PendingMirror[]>`
          WITH claimed AS (
            SELECT client_id, device_id, topic FROM subscription
            WHERE mirror = 'pending' AND mirror_after <= now()
            ORDER BY mirror_after LIMIT ${limit}
            FOR UPDATE SKIP LOCKED
          ), leased AS (
            UPDATE subscription s SET mirror_after = now() + ${leaseMs} * interval '1 millisecond'
            FROM claimed c
            WHERE s.client_id = c.client_id AND s.device_id = c.device_id AND s.topic = c.topic
            RETURNING s.*
          )
          SELECT l.client_id AS "clientId", l.device_id::text AS "deviceId", l.topic, l.state, l.attempts,
            l.updated_at::text AS "updatedAt", c.firebase_project AS "firebaseProject",
            d.address_kind AS "addressKind", d.address_state AS "addressState", d.address_value AS "addressValue"
          FROM leased l
            JOIN client c ON c.name = l.client_id
            JOIN device d ON d.client_id = l.client_id AND d.id = l.device_id`,
      ),

    async save(results) {
      const rows = JSON.stringify(
        results.map(({ row, mirror, error, after, dead }) => ({
          client_id: row.clientId,
          device_id: row.deviceId,
          topic: row.topic,
          joined: row.state === 'joined' && mirror === 'mirrored',
          updated_at: row.updatedAt,
          address_value: row.addressValue,
          mirror,
          error,
          after: after.toISOString(),
          dead,
        })),
      );
      await registry.run(
        (prisma) => prisma.$queryRaw`
          WITH r AS (
            SELECT * FROM json_to_recordset(${rows}::json) AS r(client_id text, device_id uuid, topic text,
              joined boolean, updated_at timestamptz, address_value text, mirror text, error text, after timestamptz, dead boolean)
          ), saved AS (
            UPDATE subscription s SET mirror = r.mirror, mirror_error = r.error, mirror_after = r.after,
              attempts = s.attempts + 1
            FROM r
            WHERE s.client_id = r.client_id AND s.device_id = r.device_id AND s.topic = r.topic
              AND s.updated_at = r.updated_at
          ), came_back AS (
            -- it joined again with the address that was to leave: what still waits there would take it out
            DELETE FROM topic_leave l USING r
            WHERE r.joined AND l.client_id = r.client_id AND l.topic = r.topic AND l.address_value = r.address_value
          ), retired AS (
            UPDATE device d SET address_state = 'dead' FROM r
            WHERE r.dead AND d.client_id = r.client_id AND d.id = r.device_id AND d.address_value = r.address_value
          )
          SELECT 1`,
      );
    },

    purgeAnswers: (before) =>
      registry.run(
        (prisma) => prisma.$executeRaw`DELETE FROM idempotency WHERE created_at < ${before}::timestamptz`,
      ),
  };
}
