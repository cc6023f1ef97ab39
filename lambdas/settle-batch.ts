import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationResponse } from '../contracts/invocation.ts';
import { ConflictError, DataError, LockTimeoutError, UnavailableError } from './errors.ts';
import { problemResponse } from './responses.ts';
import { SETTLE_MS } from './time-limits.ts';

/** Conflicts end when the other transaction has: a few tries, then each request on its own. */
const MAX_TRIES = 4;
const PAUSE_MS = 10;

/** Told of whatever is not answered as it was asked: a code, why, and whose requests. */
export type ReportUnsettled<T = unknown> = (code: string, error: unknown, items: T[]) => void;

/**
 * Runs `attempt` over all items; a conflict is tried anew, what one item spoils is bisected until it stands alone, and
 * a database that is away gives every item 503, as does one that is so slow or so locked that the time is up. Any other
 * error is a crash and is thrown.
 */
export async function settleBatch<T>(
  items: T[],
  attempt: (items: T[]) => Promise<InvocationResponse[]>,
  {
    isLate = after(SETTLE_MS),
    report = () => {},
  }: { isLate?: () => boolean; report?: ReportUnsettled<T> } = {},
): Promise<InvocationResponse[]> {
  if (items.length === 0) return [];
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(items);
    } catch (error) {
      if (error instanceof UnavailableError) {
        report('registry_unavailable', error, items);
        return unavailable(items);
      }
      const known =
        error instanceof ConflictError || error instanceof LockTimeoutError || error instanceof DataError;
      if (!known) throw error;
      if (error instanceof ConflictError && tries < MAX_TRIES && !isLate()) {
        await delay(Math.random() * PAUSE_MS * tries);
        continue;
      }
      if (items.length === 1) {
        report(error instanceof DataError ? 'value_refused' : 'row_contended', error, items);
        return [alone(error)];
      }
      if (isLate()) {
        report('batch_not_settled', error, items);
        return unavailable(items);
      }
      const middle = items.length >> 1;
      // one after the other: they share the environment's one connection, and an order within a device
      const first = await settleBatch(items.slice(0, middle), attempt, { isLate, report });
      const rest = items.slice(middle);
      if (!isLate()) return [...first, ...(await settleBatch(rest, attempt, { isLate, report }))];
      report('batch_not_settled', error, rest);
      return [...first, ...unavailable(rest)];
    }
  }
}

const unavailable = (items: unknown[]) =>
  items.map(() => problemResponse('unavailable', { 'retry-after': '2' }));

function after(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}

function alone(error: Error): InvocationResponse {
  if (error instanceof DataError) return problemResponse('body_invalid');
  return problemResponse('idempotency_in_progress', { 'retry-after': '1' });
}
