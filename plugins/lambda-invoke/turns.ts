import { createTokenBuckets } from '../token-bucket.ts';

export interface Turns {
  /** `now`: ms of a clock that nobody sets back */
  heard(client: string, now?: number): void;
  /** Milliseconds until the client may begin an invocation of its own; at 0 it may, and while other clients send, too, it is counted. */
  take(client: string, now?: number): number;
}

/**
 * Invocations that a client begins each second while other clients send, too. At 300 requests/s its batches are of three then, which
 * takes a quarter off the CPU of all parts, for 3 ms of its own p50 (docs/decisions/0001-coalescing.md); half the rate
 * saves little more and costs its p50 another 10 ms.
 */
const PER_SECOND = 100;
/** What comes at once after a pause: the requests of one reader's page, of several readers by chance. */
const BURST = 8;
/** A client that was heard so long ago is not about any more. */
const ABOUT_MS = 1_000;
const MAX_CLIENTS = 10_000;

/**
 * Clients whose functions share machines take turns at them: one that begins many invocations while others send, too, has its
 * requests gathered, for an invocation costs as much CPU as several requests in one. Who is alone is never held.
 */
export function createTurns(): Turns {
  const buckets = createTokenBuckets({ rate: PER_SECOND, burst: BURST, max: MAX_CLIENTS });
  let last = { client: '', at: Number.NEGATIVE_INFINITY };
  /** the last one that is another client than that */
  let other = last;
  return {
    heard(client, now = performance.now()) {
      if (client !== last.client) other = last;
      last = { client, at: now };
    },
    take(client, now = performance.now()) {
      const { at } = client === last.client ? other : last;
      if (now - at > ABOUT_MS) return 0;
      const taken = buckets.take(client, now);
      return taken.ok ? 0 : taken.retryAfter * 1_000;
    },
  };
}
