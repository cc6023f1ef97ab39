import type { Context } from 'aws-lambda';
import { IDEMPOTENCY_MS } from '../../contracts/cloud-event.ts';
import { createFirebasePush } from '../adapters/firebase-push.ts';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaLeaveStore } from '../adapters/prisma-leave-store.ts';
import { createPrismaMirrorStore } from '../adapters/prisma-mirror-store.ts';
import { required } from '../configuration.ts';
import { mirrorTopics } from './mirror-topics.ts';

const registry = connectRegistry(required('DATABASE_URL'));
const leaves = createPrismaLeaveStore(registry);
const store = createPrismaMirrorStore(registry);
const push = createFirebasePush(process.env.FIREBASE_CREDENTIALS_DIR);

/** Runs on a schedule: mirrors topics to FCM and forgets answers that nobody can ask for any more. */
export async function handler(_event: unknown, context: Context) {
  const msLeft = () => context.getRemainingTimeInMillis();
  const now = () => new Date();
  // those who opted out first: a device that came back with its address joins after it
  const left = await mirrorTopics({ queue: leaves, push, now }, msLeft);
  const summary = await mirrorTopics({ queue: store, push, now }, msLeft);
  const purged = await store.purgeAnswers(new Date(Date.now() - IDEMPOTENCY_MS));
  return { ...summary, left, purged };
}
