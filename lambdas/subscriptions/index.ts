import { v7 } from 'uuid';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaSubscriptionStore } from '../adapters/prisma-subscription-store.ts';
import { createRedisAnswerCache } from '../adapters/redis-answer-cache.ts';
import { deviceTokenSecrets, required } from '../configuration.ts';
import { createDeviceTokens } from '../device-token.ts';
import { batchHandler } from '../handle-batch.ts';
import { processSubscriptions } from './process.ts';

const ports = {
  store: createPrismaSubscriptionStore(connectRegistry(required('DATABASE_URL'))),
  answers: createRedisAnswerCache(process.env.REDIS_URL),
  tokens: createDeviceTokens(deviceTokenSecrets()),
  now: () => new Date(),
  newId: () => v7(),
};

/** `POST /v1/subscriptions`, `DELETE /v1/subscriptions` */
export const handler = batchHandler((events) => processSubscriptions(events, ports));
