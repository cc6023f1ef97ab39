import { setTimeout as delay } from 'node:timers/promises';
import type { ReportFailure } from '../contracts/failure-log.ts';
import { type Bounds, createAdmission } from './admission.ts';
import { createBreaker } from './breaker.ts';
import { createDrainer } from './drainer.ts';
import * as metrics from './metrics.ts';
import type { PutRecords } from './put-records.ts';
import { createSendRecords, MAX_CALL_MS, takeCall } from './send-records.ts';
import type { Entry } from './spool/segment.ts';
import type { Spool } from './spool/spool.ts';
import type { StreamRecord } from './spool/stream-record.ts';

/** Calls under way at a time; what arrives meanwhile shares the next one. Two keep the stream busy with the fullest calls. */
const MAX_IN_FLIGHT = 2;
/** Any call gets so long: one that is given up while Kinesis still takes it is only made again. */
const MIN_CALL_MS = 2_000;
const MIN_BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 1_000;
/** A disk that fails is asked again after this. */
const DISK_RETRY_MS = 250;

/** A record until it is acknowledged, or parked: only the spool has it then. */
interface Pending {
  entry: Entry;
  /** ms of performance.now(): the time of day may be set back */
  deadline: number;
  attempt: number;
  sending: boolean;
  done: boolean;
  /** Tells the client, once, that it is durable. */
  tell(): void;
}

export interface PutTimes {
  /** then the put is false */
  deadlineMs: number;
  /** then the spool is fsynced, and the put is true for that */
  spoolAfterMs: number;
}

export interface StreamWriter {
  /** Seconds after which to come again, where no record may be stamped now; else undefined. */
  refusal(): number | undefined;
  /**
   * True once every record is acknowledged by Kinesis or fsynced in the spool; false when that took too long. Either way
   * each goes to Kinesis in the end, under its stamp.
   */
  put(records: StreamRecord[], times: PutTimes): Promise<boolean>;
  /** Sends what the spool has of this stream. */
  drain(): void;
  /** Sends, for at most `graceMs`, what nobody has; what remains is in the spool. */
  close(graceMs: number): Promise<void>;
}

/** Concurrent requests share a PutRecords; no linger: while fewer than MAX_IN_FLIGHT are under way one leaves at once. */
export function createStreamWriter(options: {
  stream: string;
  putRecords: PutRecords;
  spool: Spool;
  bounds?: Bounds;
  report?: ReportFailure;
}): StreamWriter {
  const { stream, spool } = options;
  /** in the order of their stamps; those of a second attempt behind */
  const queue = new Set<Pending>();
  let inFlight = 0;
  const breaker = createBreaker((open) => {
    metrics.breakerOpen.set({ stream }, open ? 1 : 0);
    // a probe by the drainer may have closed it
    if (!open) setImmediate(pump);
  });
  const send = createSendRecords(stream, options.putRecords, breaker, options.report);
  const admission = createAdmission(spool, breaker, options.bounds);
  const drainer = createDrainer({ stream, spool, send, breaker, busy: () => queue.size > 0 });
  /** to be fsynced */
  const unsafe = new Set<Pending>();
  let securing = false;
  let probeTimer: NodeJS.Timeout | undefined;

  function pump(): void {
    if (breaker.open) {
      probeLater();
      return;
    }
    while (inFlight < MAX_IN_FLIGHT && queue.size > 0) void sendBatch(takeBatch());
  }

  /** What no disk has can't be drained: it is the probe itself. */
  function probeLater(): void {
    if (probeTimer || queue.size === 0) return;
    probeTimer = setTimeout(() => {
      probeTimer = undefined;
      if (!breaker.open) pump();
      else if (queue.size > 0 && breaker.beginProbe()) void sendBatch(takeBatch());
      else probeLater();
    }, breaker.waitMs() + 1);
    probeTimer.unref();
  }

  function takeBatch(): Pending[] {
    const batch = takeCall(queue, ({ entry }) => entry.record);
    for (const pending of batch) queue.delete(pending);
    return batch;
  }

  async function sendBatch(batch: Pending[]): Promise<void> {
    inFlight++;
    for (const pending of batch) pending.sending = true;
    // write-ahead: what was stamped before a record that Kinesis may see is on file, too
    spool.flush();
    const patience = Math.max(...batch.map(({ deadline }) => deadline)) - performance.now();
    const timeoutMs = Math.min(MAX_CALL_MS, Math.max(MIN_CALL_MS, patience));
    admission.sending();
    const taken = await send(
      batch.map(({ entry }) => entry.record),
      timeoutMs,
    );
    batch.forEach((pending, index) => {
      pending.sending = false;
      if (taken[index]) acknowledged(pending);
      else refused(pending);
    });
    inFlight--;
    admission.sent(taken.some(Boolean), queue.size + inFlight > 0);
    pump();
  }

  function acknowledged(pending: Pending): void {
    pending.done = true;
    spool.settle(pending.entry);
    pending.tell();
  }

  /** To the spool; and again, with full jitter, for as long as no disk has it. */
  function refused(pending: Pending): void {
    if (spool.isDurable(pending.entry)) {
      park(pending);
      return;
    }
    secure([pending]);
    pending.attempt++;
    const backoff = Math.random() * Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** pending.attempt);
    setTimeout(() => {
      if (pending.done) return;
      queue.add(pending);
      pump();
    }, backoff).unref();
  }

  function park(pending: Pending): void {
    pending.tell();
    pending.done = true;
    queue.delete(pending);
    spool.park(pending.entry);
    drainer.kick();
  }

  function secure(pendings: Pending[]): void {
    for (const pending of pendings) if (!pending.done) unsafe.add(pending);
    if (securing) return;
    securing = true;
    void makeSafe().finally(() => {
      securing = false;
    });
  }

  /** One fsync for all who wait for one. */
  async function makeSafe(): Promise<void> {
    while (unsafe.size > 0) {
      await spool.sync();
      let progress = false;
      for (const pending of unsafe) {
        if (!pending.done && !spool.isDurable(pending.entry)) continue;
        unsafe.delete(pending);
        progress = true;
        pending.tell();
        // a call under way may still acknowledge it
        if (!pending.done && !pending.sending) park(pending);
      }
      if (!progress) await delay(DISK_RETRY_MS, undefined, { ref: false });
    }
  }

  return {
    refusal: admission.refusal,
    put(records, { deadlineMs, spoolAfterMs }) {
      if (records.length === 0) return Promise.resolve(true);
      const deadline = performance.now() + deadlineMs;
      return new Promise((resolve) => {
        let untold = records.length;
        const pendings = records.map((record): Pending => {
          let told = false;
          const tell = () => {
            if (told) return;
            told = true;
            if (--untold > 0) return;
            clearTimeout(timer);
            resolve(true);
          };
          return {
            entry: spool.add(stream, record),
            deadline,
            attempt: 0,
            sending: false,
            done: false,
            tell,
          };
        });
        // a call that hangs, or one shared with records that may wait longer, must not hold the client
        const late = () => resolve(false);
        let timer = setTimeout(
          () => {
            secure(pendings);
            timer = setTimeout(late, Math.max(1, deadline - performance.now()));
          },
          // an fsync takes time, too
          Math.min(spoolAfterMs, deadlineMs / 2),
        );
        for (const pending of pendings) queue.add(pending);
        if (breaker.open) secure(pendings);
        pump();
      });
    },
    drain: drainer.kick,
    async close(graceMs) {
      const end = performance.now() + graceMs;
      const stopped = drainer.stop();
      const isHeld = () => inFlight > 0 || queue.size > 0 || (spool.unwrittenBytes > 0 && !spool.writable);
      while (isHeld() && performance.now() < end && !(breaker.open && spool.writable)) await delay(10);
      await Promise.race([stopped, delay(Math.max(0, end - performance.now()))]);
    },
  };
}
