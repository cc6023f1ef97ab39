import type { MirrorQueue, PendingMirror } from '../ports/mirror-store.ts';
import type { Registry } from './prisma.ts';

/** Topics that FCM must take an address out of although its device is gone; a row goes once that is done or given up. */
export function createPrismaLeaveStore(registry: Registry): MirrorQueue {
  return {
    claim: (limit, leaseMs) =>
      registry.run(
        (prisma) => prisma.$queryRaw<PendingMirror[]>`
          WITH claimed AS (
            SELECT client_id, topic, address_value FROM topic_leave
            WHERE mirror_after <= now()
            ORDER BY mirror_after LIMIT ${limit}
            FOR UPDATE SKIP LOCKED
          ), leased AS (
            UPDATE topic_leave l SET mirror_after = now() + ${leaseMs} * interval '1 millisecond'
            FROM claimed c
            WHERE l.client_id = c.client_id AND l.topic = c.topic AND l.address_value = c.address_value
            RETURNING l.*
          )
          SELECT l.client_id AS "clientId", '' AS "deviceId", l.topic, 'left' AS state, l.attempts,
            l.updated_at::text AS "updatedAt", c.firebase_project AS "firebaseProject",
            'fcm_token' AS "addressKind", 'live' AS "addressState", l.address_value AS "addressValue"
          FROM leased l JOIN client c ON c.name = l.client_id`,
      ),

    async save(results) {
      const rows = JSON.stringify(
        results.map(({ row, mirror, error, after }) => ({
          client_id: row.clientId,
          topic: row.topic,
          address_value: row.addressValue,
          updated_at: row.updatedAt,
          again: mirror === 'pending',
          error,
          after: after.toISOString(),
        })),
      );
      await registry.run(
        (prisma) => prisma.$queryRaw`
          WITH r AS (
            SELECT * FROM json_to_recordset(${rows}::json) AS r(client_id text, topic text, address_value text,
              updated_at timestamptz, again boolean, error text, after timestamptz)
          ), settled AS (
            DELETE FROM topic_leave l USING r
            WHERE NOT r.again AND (l.client_id, l.topic, l.address_value, l.updated_at)
              = (r.client_id, r.topic, r.address_value, r.updated_at)
          ), later AS (
            UPDATE topic_leave l SET attempts = l.attempts + 1, mirror_error = r.error, mirror_after = r.after
            FROM r
            WHERE r.again AND (l.client_id, l.topic, l.address_value, l.updated_at)
              = (r.client_id, r.topic, r.address_value, r.updated_at)
          )
          SELECT 1`,
      );
    },
  };
}
