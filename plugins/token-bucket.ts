import { LRUCache } from 'lru-cache';

export interface BucketLimit {
  /** tokens that come back per second; 0: no limit */
  rate: number;
  /** tokens a full bucket holds: what may come at once */
  burst: number;
  /** buckets kept; the one unused for longest is forgotten, and full again when it is next asked for */
  max: number;
}

/** `retryAfter`: seconds until there is a token again. */
export type Take = { ok: true } | { ok: false; retryAfter: number };

export interface TokenBuckets {
  take(key: string, now?: number): Take;
  readonly size: number;
}

/** One token bucket a key (ITU-T I.371, as continuous-state leaky bucket): refilled when it is looked at, no timer. */
export function createTokenBuckets({ rate, burst, max }: BucketLimit): TokenBuckets {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max });
  return {
    take(key, now = performance.now()) {
      if (rate === 0) return { ok: true };
      const bucket = buckets.get(key) ?? { tokens: burst, at: now };
      const seconds = Math.max(0, now - bucket.at) / 1_000;
      bucket.tokens = Math.min(burst, bucket.tokens + seconds * rate);
      bucket.at = now;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return { ok: false, retryAfter: (1 - bucket.tokens) / rate };
      bucket.tokens -= 1;
      return { ok: true };
    },
    get size() {
      return buckets.size;
    },
  };
}
