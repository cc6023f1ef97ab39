/** The rate falls to 1/e of an old value in this time. */
const MEMORY_MS = 5_000;
const MAX_SECONDS = 60;

/** How fast requests are really being answered, for an honest Retry-After. `now`: ms of a clock that nobody sets back. */
export function createDrainRate(now: () => number = () => performance.now()) {
  let perSecond = 0;
  let at = now();
  const decay = () => {
    const time = now();
    perSecond *= Math.exp((at - time) / MEMORY_MS);
    at = time;
  };
  return {
    answered(count: number): void {
      decay();
      perSecond += (count * 1000) / MEMORY_MS;
    },
    /** Seconds until `waiting` requests are answered: 1 to 60, not rounded. */
    secondsFor(waiting: number): number {
      decay();
      if (perSecond < 1) return waiting > 0 ? 5 : 1;
      return Math.min(MAX_SECONDS, Math.max(1, waiting / perSecond));
    },
  };
}
