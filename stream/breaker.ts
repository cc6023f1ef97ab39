/** So many calls in a row that took nothing open it. */
const FAILURES = 3;
const MIN_PROBE_MS = 200;
/** A node that asks so seldom is no burden to a stream that recovers; a longer pause would only keep what waits. */
const MAX_PROBE_MS = 5_000;

/**
 * Open: calls fail, only one at a time is made to find out whether that is over. The pauses between them grow, with
 * jitter: nodes that failed together must not come back together.
 */
export interface Breaker {
  readonly open: boolean;
  /** ms until a probe may be made; 0 when it is closed */
  waitMs(): number;
  /** True for the one who may make the probe now; it ends with success() or failure(). */
  beginProbe(): boolean;
  /** A call took something. */
  success(): void;
  /** A call took nothing. */
  failure(): void;
}

/** @param changed told when it opens and when it closes */
export function createBreaker(changed: (open: boolean) => void = () => {}): Breaker {
  let failures = 0;
  let open = false;
  let probing = false;
  /** ms of performance.now(): a time of day that is set back must not keep it open */
  let nextProbeAt = 0;
  return {
    get open() {
      return open;
    },
    waitMs: () => (open ? Math.max(0, nextProbeAt - performance.now()) : 0),
    beginProbe() {
      if (!open || probing || performance.now() < nextProbeAt) return false;
      probing = true;
      return true;
    },
    success() {
      failures = 0;
      probing = false;
      if (!open) return;
      open = false;
      changed(false);
    },
    failure() {
      failures++;
      probing = false;
      if (failures < FAILURES) return;
      const most = Math.min(MAX_PROBE_MS, MIN_PROBE_MS * 2 ** (failures - FAILURES));
      nextProbeAt = performance.now() + most * (0.5 + Math.random() / 2);
      if (open) return;
      open = true;
      changed(true);
    },
  };
}
