import { v7 } from 'uuid';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaSubscriptionStore } from '../adapters/prisma-subscription-store.ts';
import { createRedisAnswerCache } from '../adapters/redis-answer-cache.ts';
import { databaseUrl, deviceTokenSecrets, redisUrl } from '../configuration.ts';
import { createDeviceTokens } from '../device-token.ts';
import { batchHandler } from '../handle-batch.ts';
import { configured, logged, report } from '../log.ts';
import { processSubscriptions } from './process.ts';

const ports = configured(() => ({
  store: createPrismaSubscriptionStore(connectRegistry(databaseUrl())),
  answers: createRedisAnswerCache(redisUrl(), report),
  tokens: createDeviceTokens(deviceTokenSecrets()),
  now: () => new Date(),
  newId: () => v7(),
  report,
}));

/** `POST /v1/subscriptions`, `DELETE /v1/subscriptions` */
export const handler = logged(batchHandler((events) => processSubscriptions(events, ports), { report }));
