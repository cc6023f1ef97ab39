import type { Breaker } from './breaker.ts';
import type { Spool } from './spool/spool.ts';

export interface Bounds {
  /** of the spool's segments */
  maxBytes: number;
  /** of the oldest record that Kinesis has not taken */
  maxAgeMs: number;
}

export const DEFAULT_BOUNDS: Bounds = { maxBytes: 1024 ** 3, maxAgeMs: 1_440 * 60_000 };

/** Records that are on no disk, while that fails. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;
/** A stream that takes nothing for so long while records wait is none that can be counted on. */
const STALLED_MS = 2_000;

/** Whether a request's events may be stamped: what is stamped must be kept until Kinesis has it. */
export interface Admission {
  /** Seconds after which to come again; undefined: go on. */
  refusal(): number | undefined;
  sending(): void;
  /** `more`: others are under way, or wait */
  sent(something: boolean, more: boolean): void;
}

export function createAdmission(spool: Spool, breaker: Breaker, bounds: Bounds = DEFAULT_BOUNDS): Admission {
  /** ms of performance.now(), since when nothing was taken; undefined when nothing waits */
  let waitingSince: number | undefined;
  const isTaking = () =>
    !breaker.open && (waitingSince === undefined || performance.now() - waitingSince < STALLED_MS);

  function isFull(): boolean {
    if (spool.unwrittenBytes > MAX_UNWRITTEN_BYTES) return true;
    // what Kinesis takes at once needs no room
    if (isTaking() || !spool.writable) return false;
    const { oldestAt } = spool;
    return (
      spool.bytes >= bounds.maxBytes || (oldestAt !== undefined && Date.now() - oldestAt >= bounds.maxAgeMs)
    );
  }

  return {
    // nothing can change before Kinesis is asked again
    refusal: () => (isFull() ? breaker.waitMs() / 1_000 : undefined),
    sending() {
      waitingSince ??= performance.now();
    },
    sent(something, more) {
      if (!more) waitingSince = undefined;
      else if (something) waitingSince = performance.now();
    },
  };
}
