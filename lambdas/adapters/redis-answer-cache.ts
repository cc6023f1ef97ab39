import { Redis } from 'ioredis';
import { IDEMPOTENCY_MS } from '../../contracts/cloud-event.ts';
import type { ReportFailure } from '../../contracts/failure-log.ts';
import { createBreaker } from '../../stream/breaker.ts';
import type { AnswerCache, AnswerKey, StoredAnswer } from '../ports/answers.ts';

/** A cache that is slower than this is slower than the database. */
const COMMAND_TIMEOUT_MS = 50;
/**
 * A connection that brings nothing for so long after a command is closed: else commands that timed out would be kept until
 * a Redis that hangs, or a node that went without a word, came back.
 */
const SOCKET_TIMEOUT_MS = 250;

export interface RedisAnswerCache extends AnswerCache {
  close(): void;
}

/**
 * Answers in Redis; without a URL, or with a Redis that is away or slow, it simply knows nothing. After a few commands that failed
 * nobody asks it any more, and nobody waits: a probe at a time finds out when it answers again.
 */
export function createRedisAnswerCache(
  url: string | undefined,
  report: ReportFailure = () => {},
): RedisAnswerCache {
  if (!url) return { get: async (keys) => keys.map(() => undefined), set: async () => {}, close() {} };
  const redis = new Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  const tell = (error: unknown): void => report('answer_cache_unavailable', error);
  redis.on('error', tell);
  /** of a connection that is not there its own error tells */
  const tellCommand = (error: unknown): undefined => {
    if (redis.status === 'ready') tell(error);
  };
  const name = ({ client, scope, key }: AnswerKey) =>
    `pistats:answer:${JSON.stringify([client, scope, key])}`;
  const breaker = createBreaker();
  /** Whether Redis is to be asked; where it is not, a probe may go beside the request. */
  const asked = (): boolean => {
    if (breaker.beginProbe()) redis.ping().then(breaker.success, breaker.failure);
    return !breaker.open;
  };
  return {
    async get(keys) {
      if (!asked()) return keys.map(() => undefined);
      const values = await redis.mget(keys.map(name)).catch(tellCommand);
      if (!values) breaker.failure();
      else breaker.success();
      return keys.map((_, index) => parseAnswer(values?.[index]));
    },
    async set(entries) {
      if (entries.length === 0 || !asked()) return;
      const pipeline = redis.pipeline();
      for (const { fingerprint, answer, ...key } of entries)
        pipeline.set(name(key), JSON.stringify({ fingerprint, answer }), 'PX', IDEMPOTENCY_MS);
      await pipeline.exec().then(breaker.success, (error) => {
        tellCommand(error);
        breaker.failure();
      });
    },
    close: () => redis.disconnect(),
  };
}

/** Undefined: none, or something that no function wrote. */
function parseAnswer(text: string | null | undefined): StoredAnswer | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(text) as StoredAnswer;
  } catch {
    return undefined;
  }
}
