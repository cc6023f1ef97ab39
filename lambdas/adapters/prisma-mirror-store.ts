import type { ClaimedMirror, MirrorBacklog, MirrorStore, SettledMirror } from '../ports/mirror-store.ts';
import type { Registry } from './prisma.ts';
import { claimMirrors } from './statements/claim-mirrors.ts';
import { pendingProjects } from './statements/pending-projects.ts';
import { settleMirrors } from './statements/settle-mirrors.ts';

/** Answers are forgotten so many at once: a statement must end within STATEMENT_TIMEOUT_MS. */
const PURGE = 5_000;

/** What waits for FCM in PostgreSQL, by Prisma. */
export function createPrismaMirrorStore(registry: Registry): MirrorStore {
  return {
    async projects() {
      const rows = await registry.run((prisma) => prisma.$queryRaw<{ name: string }[]>(pendingProjects()));
      return rows.map(({ name }) => name);
    },

    claim: (firebaseProject, limit, leaseMs) =>
      registry.run((prisma) =>
        prisma.$queryRaw<ClaimedMirror[]>(claimMirrors(firebaseProject, limit, leaseMs)),
      ),

    async settle(settled) {
      const rows = JSON.stringify(settled.map(settledRow));
      await registry.run((prisma) => prisma.$queryRaw(settleMirrors(rows)));
    },

    backlog: () =>
      registry.run(
        (prisma) => prisma.$queryRaw<MirrorBacklog[]>`
          SELECT firebase_project AS "firebaseProject", count(*)::int AS pending,
            count(*) FILTER (WHERE attempts > 0)::int AS retried,
            greatest(0, extract(epoch FROM now() - min(changed_at)))::float8 AS "oldestS"
          FROM topic_mirror WHERE state = 'pending' GROUP BY 1 ORDER BY 1`,
      ),

    purgeAnswers: (before) =>
      registry.run(
        (prisma) => prisma.$executeRaw`
          DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency WHERE created_at < ${before}::timestamptz ORDER BY created_at LIMIT ${PURGE}))`,
      ),
  };
}

const settledRow = ({ row, outcome }: SettledMirror) => ({
  client_id: row.clientId,
  address_value: row.addressValue,
  topic: row.topic,
  firebase_project: row.firebaseProject,
  version: row.version,
  result: outcome.result,
  error: outcome.result === 'later' ? outcome.error : null,
  due_at: outcome.result === 'later' ? outcome.dueAt.toISOString() : null,
  dead: outcome.result === 'gone' && outcome.dead,
});
