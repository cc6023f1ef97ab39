import * as metrics from './metrics.ts';
import type { PutRecords } from './put-records.ts';
import type { StreamRecord } from './stamp.ts';

/** Kinesis quotas of PutRecords: 500 records a call; 5 MiB a call with partition keys, a margin left. */
const MAX_RECORDS = 500;
const MAX_BYTES = 4_500_000;
/** Calls under way at a time; what arrives meanwhile shares the next one. Two keep the stream busy with the fullest calls. */
const MAX_IN_FLIGHT = 2;
const MAX_CALL_MS = 5_000;
const MIN_BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 1_000;

interface Pending {
  record: StreamRecord;
  /** ms since the epoch */
  deadline: number;
  attempt: number;
  settle(acknowledged: boolean): void;
}

export interface StreamWriter {
  /** True once Kinesis has acknowledged all the records; false when it had not within `deadlineMs`. */
  put(records: StreamRecord[], deadlineMs: number): Promise<boolean>;
}

/** Concurrent requests share a PutRecords; no linger: while fewer than MAX_IN_FLIGHT are under way one leaves at once. */
export function createStreamWriter(stream: string, putRecords: PutRecords): StreamWriter {
  let queue: Pending[] = [];
  let inFlight = 0;

  function pump(): void {
    while (inFlight < MAX_IN_FLIGHT && queue.length > 0) {
      const batch = takeBatch();
      if (batch.length === 0) continue;
      inFlight++;
      void send(batch).finally(() => {
        inFlight--;
        pump();
      });
    }
  }

  function takeBatch(): Pending[] {
    const now = Date.now();
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < MAX_RECORDS) {
      bytes += (queue[count] as Pending).record.data.length + 256;
      if (count > 0 && bytes > MAX_BYTES) break;
      count++;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    for (const late of batch.filter(({ deadline }) => deadline <= now)) late.settle(false);
    return batch.filter(({ deadline }) => deadline > now);
  }

  async function send(batch: Pending[]): Promise<void> {
    const timeoutMs = Math.min(MAX_CALL_MS, Math.max(...batch.map(({ deadline }) => deadline)) - Date.now());
    let acknowledged: boolean[] = [];
    const observe = metrics.callSeconds.startTimer();
    try {
      acknowledged = await putRecords(
        stream,
        batch.map(({ record }) => record),
        timeoutMs,
      );
    } catch {
      metrics.failedCalls.inc();
    }
    observe();
    batch.forEach((pending, index) => {
      if (acknowledged[index]) {
        metrics.records.inc();
        metrics.events.inc(pending.record.events);
        pending.settle(true);
      } else again(pending);
    });
  }

  /** Only what was refused goes again, with full jitter, until its deadline. */
  function again(pending: Pending): void {
    metrics.refused.inc();
    pending.attempt++;
    const backoff = Math.random() * Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** pending.attempt);
    if (Date.now() + backoff >= pending.deadline) {
      pending.settle(false);
      return;
    }
    setTimeout(() => {
      queue.push(pending);
      pump();
    }, backoff);
  }

  return {
    put(records, deadlineMs) {
      const deadline = Date.now() + deadlineMs;
      const settled = records.map(
        (record) =>
          new Promise<boolean>((settle) => {
            queue.push({ record, deadline, attempt: 0, settle });
          }),
      );
      pump();
      // a call that hangs, or one shared with records that may wait longer, must not hold the client
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(resolve, deadlineMs, false);
      });
      const all = Promise.all(settled).then((acknowledged) => acknowledged.every(Boolean));
      return Promise.race([all, late]).finally(() => clearTimeout(timer));
    },
  };
}
