import { v7 } from 'uuid';
import { connectRegistry } from '../adapters/prisma.ts';
import { createPrismaRegistrationStore } from '../adapters/prisma-registration-store.ts';
import { createRedisAnswerCache } from '../adapters/redis-answer-cache.ts';
import { databaseUrl, deviceTokenSecrets, redisUrl } from '../configuration.ts';
import { createDeviceTokens } from '../device-token.ts';
import { batchHandler } from '../handle-batch.ts';
import { configured, logged, report } from '../log.ts';
import { processRegistrations } from './process.ts';

const ports = configured(() => ({
  store: createPrismaRegistrationStore(connectRegistry(databaseUrl())),
  answers: createRedisAnswerCache(redisUrl(), report),
  tokens: createDeviceTokens(deviceTokenSecrets()),
  now: () => new Date(),
  newId: () => v7(),
  report,
}));

/** `POST /v1/registrations`, `DELETE /v1/registrations/{id}` */
export const handler = logged(batchHandler((events) => processRegistrations(events, ports), { report }));
