const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/** Seconds of a Retry-After: a number, or until a date; undefined where it is neither. */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const given = headers.get('retry-after')?.trim();
  if (!given) return undefined;
  if (/^\d+$/.test(given)) return Number(given);
  const date = Date.parse(given);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/**
 * Milliseconds to wait after so many failures: no less than the server said, and full jitter over a window that doubles, so
 * that many servers do not come back at once. @param random 0 ≤ x < 1
 */
export function pauseMs(failures: number, retryAfter: number, random: number): number {
  return retryAfter * 1000 + random * Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** Ends after so many milliseconds. @throws the signal's reason as soon as it is aborted */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
