import type { Context } from 'aws-lambda';
import { IDEMPOTENCY_MS } from '../../contracts/cloud-event.ts';
import { createFirebasePush } from '../adapters/firebase-push.ts';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaMirrorStore } from '../adapters/prisma-mirror-store.ts';
import { required } from '../configuration.ts';
import { mirrorTopics } from './mirror-topics.ts';

const store = createPrismaMirrorStore(connectRegistry(required('DATABASE_URL')));
const push = createFirebasePush(process.env.FIREBASE_CREDENTIALS_DIR);

/** Runs on a schedule: mirrors topics to FCM and forgets answers that nobody can ask for any more. */
export async function handler(_event: unknown, context: Context) {
  const summary = await mirrorTopics({ store, push, now: () => new Date() }, () =>
    context.getRemainingTimeInMillis(),
  );
  const purged = await store.purgeAnswers(new Date(Date.now() - IDEMPOTENCY_MS));
  return { ...summary, purged };
}
