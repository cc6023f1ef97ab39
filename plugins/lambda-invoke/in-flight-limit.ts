/** A full batch that took this many times as long as the best one says that the function's database is the limit. */
const SLOW_FACTOR = 2.5;
/** Below this nobody is slow: a few milliseconds are the machine's, not the function's. */
const SLOW_FROM_MS = 200;
/** How the limit falls: halved when Lambda throttles (as TCP does on loss, RFC 5681), gently when it gets slow. */
const ON_THROTTLE = 0.5;
const ON_SLOW = 0.9;
/** The best time is forgotten by this part with every full batch, so that a quiet hour is not held against a busy one. */
const FORGET = 0.01;
/** A batch counts as full from this part of its size on: more in flight would only make emptier ones. */
const FULL = 0.9;

export interface InFlightLimit {
  /** invocations that may be under way now; a whole number */
  readonly allowed: number;
  setBounds(min: number, max: number): void;
  succeeded(batch: { size: number; maxSize: number; ms: number }): void;
  throttled(): void;
}

/**
 * Additive increase, multiplicative decrease of the invocations in flight. It grows only while batches are full: two in
 * flight with full batches do more than four with half of them (docs/decisions/0001-coalescing.md).
 */
export function createInFlightLimit(min: number, max: number): InFlightLimit {
  let [low, high] = [min, max];
  let limit = min;
  let bestMs = Number.POSITIVE_INFINITY;
  const clamp = (value: number) => Math.min(high, Math.max(low, value));
  return {
    get allowed() {
      return Math.floor(limit);
    },
    setBounds(newMin, newMax) {
      [low, high] = [newMin, Math.max(newMin, newMax)];
      limit = clamp(limit);
    },
    succeeded({ size, maxSize, ms }) {
      if (size < maxSize * FULL) return;
      bestMs = Math.min(ms, bestMs * (1 + FORGET));
      if (ms > Math.max(SLOW_FROM_MS, bestMs * SLOW_FACTOR)) limit = clamp(limit * ON_SLOW);
      // one more for each round of all that are in flight
      else limit = clamp(limit + 1 / limit);
    },
    throttled() {
      limit = clamp(limit * ON_THROTTLE);
    },
  };
}
