import { setTimeout as delay } from 'node:timers/promises';
import { openSnapshot } from './database.ts';
import type { toTriple } from './find-on-stream.ts';
import { findReceipts } from './find-receipts.ts';

type Triple = ReturnType<typeof toTriple>;

const POLL_MS = 500;
/** Triples a query. */
const CHUNK = 5_000;

/** Waits until the triples are in the tables, whichever; gives how many are not after `patienceMs`. */
export async function waitStored(
  analyticsUrl: string,
  triples: Triple[],
  patienceMs: number,
): Promise<number> {
  const deadline = performance.now() + patienceMs;
  let left = triples;
  while (left.length > 0) {
    const analytics = await openSnapshot(analyticsUrl, 'analytics database');
    try {
      const waiting: Triple[] = [];
      for (let at = 0; at < left.length; at += CHUNK) {
        const chunk = left.slice(at, at + CHUNK);
        const stored = await findReceipts(analytics, chunk);
        waiting.push(...chunk.filter(({ key, n }) => !stored.has(`${key} ${n}`)));
      }
      left = waiting;
    } finally {
      await analytics.close();
    }
    if (left.length === 0 || performance.now() > deadline) break;
    await delay(POLL_MS);
  }
  return left.length;
}
