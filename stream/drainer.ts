import type { Breaker } from './breaker.ts';
import { MAX_BYTES, MAX_CALL_MS, MAX_RECORDS, type SendRecords } from './send-records.ts';
import { drained } from './spool/metrics.ts';
import type { Spool } from './spool/spool.ts';

const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** A probe is a call that may fail: it is small. */
const PROBE_RECORDS = 25;
/** What is asked again although nobody may be told: another's probe is under way, or the disk does not read. */
const AGAIN_MS = 100;

/** Sends what only the spool has, oldest first, under its own stamps. */
export interface Drainer {
  /** There may be something to send. */
  kick(): void;
  /** No further call; resolves when the last one is through. */
  stop(): Promise<void>;
}

export function createDrainer(options: {
  stream: string;
  spool: Spool;
  send: SendRecords;
  breaker: Breaker;
  /** requests wait for the stream as well */
  busy(): boolean;
}): Drainer {
  const { stream, spool, send, breaker, busy } = options;
  let running: Promise<void> | undefined;
  let stopped = false;
  let wake = () => {};
  /** calls in a row that left something behind */
  let refusals = 0;

  async function drain(): Promise<void> {
    while (!stopped && spool.parked(stream) > 0) {
      await pause(pauseMs());
      if (stopped) return;
      if (breaker.open && !breaker.beginProbe()) {
        await pause(AGAIN_MS);
        continue;
      }
      const startedAt = performance.now();
      await sendNext(breaker.open ? PROBE_RECORDS : MAX_RECORDS);
      // as much time for requests as for what has waited already
      if (busy()) await pause(performance.now() - startedAt);
    }
  }

  async function sendNext(records: number): Promise<void> {
    const entries = await spool.take(stream, { records, bytes: MAX_BYTES });
    if (entries.length === 0) {
      // a probe that was not made
      if (breaker.open) breaker.failure();
      return pause(AGAIN_MS);
    }
    const taken = await send(
      entries.map(({ record }) => record),
      MAX_CALL_MS,
    );
    for (const [index, entry] of entries.entries())
      if (taken[index]) spool.settle(entry);
      else spool.park(entry);
    const count = taken.filter(Boolean).length;
    drained.inc(count);
    refusals = count === entries.length ? 0 : refusals + 1;
  }

  /** Full jitter, as the shard of a refused record has to recover. */
  function pauseMs(): number {
    if (breaker.open) return breaker.waitMs();
    return refusals && Math.random() * Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** refusals);
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms <= 0 || stopped) return resolve();
      const timer = setTimeout(resolve, ms);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function kick(): void {
    if (stopped) return;
    running ??= drain().finally(() => {
      running = undefined;
      if (spool.parked(stream) > 0) kick();
    });
  }

  return {
    kick,
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
