import type { Context } from 'aws-lambda';
import { IDEMPOTENCY_MS } from '../../contracts/cloud-event.ts';
import { framesOf } from '../../contracts/failure-log.ts';
import { createFirebasePush } from '../adapters/firebase-push.ts';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaMirrorStore } from '../adapters/prisma-mirror-store.ts';
import { databaseUrl } from '../configuration.ts';
import { CrashError } from '../errors.ts';
import { configured, logged, report } from '../log.ts';
import { LAST_START_MS } from '../time-limits.ts';
import { mirrorTopics } from './mirror-topics.ts';
import { purgeAnswers } from './purge-answers.ts';
import { reportBacklog } from './report-backlog.ts';

const store = configured(() => createPrismaMirrorStore(connectRegistry(databaseUrl())));
const push = createFirebasePush(process.env.FIREBASE_CREDENTIALS_DIR, { report });

/** Runs on a schedule: mirrors topics to FCM and forgets answers that nobody can ask for any more. */
export const handler = logged(async (_event: unknown, context: Context) => {
  const msLeft = () => context.getRemainingTimeInMillis();
  const hasTime = () => msLeft() >= LAST_START_MS;
  try {
    return await reconcile(msLeft, hasTime);
  } catch (error) {
    report('reconcile_failed', error, () => ({ frames: framesOf(error) }));
    throw new CrashError('reconcile_failed');
  }
});

async function reconcile(msLeft: () => number, hasTime: () => boolean) {
  const [summary, purged] = await Promise.all([
    mirrorTopics({ queue: store, push, now: () => new Date() }, msLeft),
    purgeAnswers(store, new Date(Date.now() - IDEMPOTENCY_MS), hasTime),
  ]);
  const backlog = await store.backlog();
  reportBacklog(backlog, summary);
  return { ...summary, purged, backlog };
}
