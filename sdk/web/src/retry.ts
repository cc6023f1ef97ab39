const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/**
 * How long to wait after `failures` in a row: the server's word if it gave one, and full jitter over a window that doubles
 * (AWS Architecture Blog, "Exponential Backoff And Jitter"), so that a million pages do not come back at once.
 */
export function pause(failures: number, retryAfter = 0, random = Math.random): number {
  const window = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return retryAfter * 1_000 + random() * window;
}
