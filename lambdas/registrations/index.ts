import { v7 } from 'uuid';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaRegistrationStore } from '../adapters/prisma-registration-store.ts';
import { createRedisAnswerCache } from '../adapters/redis-answer-cache.ts';
import { deviceTokenSecrets, required } from '../configuration.ts';
import { createDeviceTokens } from '../device-token.ts';
import { batchHandler } from '../handle-batch.ts';
import { processRegistrations } from './process.ts';

const ports = {
  store: createPrismaRegistrationStore(connectRegistry(required('DATABASE_URL'))),
  answers: createRedisAnswerCache(process.env.REDIS_URL),
  tokens: createDeviceTokens(deviceTokenSecrets()),
  now: () => new Date(),
  newId: () => v7(),
};

/** `POST /v1/registrations`, `DELETE /v1/registrations/{id}` */
export const handler = batchHandler((events) => processRegistrations(events, ports));
