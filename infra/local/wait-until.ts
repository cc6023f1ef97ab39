import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls `probe` until it gives something truthy; throws `what` after `timeoutMs`, or once `signal` is aborted.
 * A probe that throws counts as no.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => Promise<T> | T,
  {
    timeoutMs = 30_000,
    everyMs = 50,
    signal,
  }: { timeoutMs?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<NonNullable<T>> {
  // not the time of day: that may be set back meanwhile, and the wait would not end
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (signal?.aborted) throw new Error(`${what}: no longer waited for`);
    if (performance.now() > deadline)
      throw new Error(
        `${what}: not within ${timeoutMs / 1000} s${last instanceof Error ? ` (${last.message})` : ''}`,
      );
    await delay(everyMs);
  }
}
