import { setTimeout as delay } from 'node:timers/promises';

/** Spaces what is begun: `pace(n)` resolves when `n` more may begin at `perSecond`; callers wait in line. */
export function createPace(perSecond: number): (n: number) => Promise<void> {
  /** when all that was let through so far is spent */
  let freeAt = 0;
  return async (n) => {
    const now = performance.now();
    const startAt = Math.max(now, freeAt);
    freeAt = startAt + (n / perSecond) * 1000;
    if (startAt > now) await delay(startAt - now);
  };
}
