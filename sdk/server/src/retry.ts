import { attempt, type Fetch, isPassing } from './attempt.ts';
import { PistatsError } from './errors.ts';
import { pauseMs, sleep } from './pause.ts';

export interface RetryRules {
  /** how often a call is repeated at most; 0: never */
  repeats: number;
  /** ms from the start of a call after which no repeat begins */
  withinMs: number;
  /** ms that one try may take */
  timeoutMs: number;
}

/** 25 s: the gateway's own deadlines are shorter, so that it has always answered by then. */
export const DEFAULT_RULES: RetryRules = { repeats: 5, withinMs: 120_000, timeoutMs: 25_000 };

/** Time and chance, which tests bring their own of. */
export interface World {
  now(): number;
  random(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
export const WORLD: World = { now: () => performance.now(), random: Math.random, sleep };

/**
 * A fetch that repeats what may go well later. All tries of a call have one Idempotency-Key, so that it counts once whatever
 * became of the earlier ones. It answers with a 2xx. @throws PistatsError; the signal's reason where the caller gave up
 */
export function retryingFetch(fetch: Fetch, rules: RetryRules, world: World) {
  return async (request: Request): Promise<Response> => {
    const { url, method } = request;
    // null at some edges where the caller gave none
    const signal = request.signal ?? new AbortController().signal;
    const headers = new Headers(request.headers);
    if (method !== 'GET' && !headers.has('idempotency-key'))
      headers.set('idempotency-key', crypto.randomUUID());
    const sending = { url, method, headers, signal, body: (await request.text()) || undefined };
    const last = world.now() + rules.withinMs;
    for (let failures = 1; ; failures++) {
      try {
        return await attempt(fetch, sending, rules.timeoutMs);
      } catch (error) {
        if (!(error instanceof PistatsError) || !isPassing(error) || failures > rules.repeats) throw error;
        const pause = pauseMs(failures, error.retryAfter ?? 0, world.random());
        if (world.now() + pause > last) throw error;
        await world.sleep(pause, signal);
      }
    }
  };
}
