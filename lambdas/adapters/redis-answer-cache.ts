import { Redis } from 'ioredis';
import { IDEMPOTENCY_MS } from '../../contracts/cloud-event.ts';
import type { AnswerCache, AnswerKey, StoredAnswer } from '../ports/answers.ts';

/** A cache that is slower than this is slower than the database. */
const COMMAND_TIMEOUT_MS = 50;

export interface RedisAnswerCache extends AnswerCache {
  close(): void;
}

/** Answers in Redis; without a URL, or with a Redis that is away or slow, it simply knows nothing. */
export function createRedisAnswerCache(url: string | undefined): RedisAnswerCache {
  if (!url) return { get: async (keys) => keys.map(() => undefined), set: async () => {}, close() {} };
  const redis = new Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  redis.on('error', () => {});
  const name = ({ client, scope, key }: AnswerKey) =>
    `pistats:answer:${JSON.stringify([client, scope, key])}`;
  return {
    async get(keys) {
      try {
        const values = await redis.mget(keys.map(name));
        return values.map((value) => (value === null ? undefined : (JSON.parse(value) as StoredAnswer)));
      } catch {
        return keys.map(() => undefined);
      }
    },
    async set(entries) {
      if (entries.length === 0) return;
      const pipeline = redis.pipeline();
      for (const { fingerprint, answer, ...key } of entries)
        pipeline.set(name(key), JSON.stringify({ fingerprint, answer }), 'PX', IDEMPOTENCY_MS);
      await pipeline.exec().catch(() => {});
    },
    close: () => redis.disconnect(),
  };
}
