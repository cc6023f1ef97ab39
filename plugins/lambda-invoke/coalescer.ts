import {
  type InvocationEvent,
  type InvocationResponse,
  MAX_PAYLOAD_BYTES,
} from '../../contracts/invocation.ts';
import { problemResponse, readAnswers } from './answers.ts';
import { createDrainRate } from './drain-rate.ts';
import { FairQueue } from './fair-queue.ts';
import type { Invoke } from './invoke.ts';
import * as metrics from './metrics.ts';

export interface CoalescerLimits {
  maxSize: number;
  maxInFlight: number;
  maxQueue: number;
  maxQueueBytes: number;
}

interface Waiting {
  client: string;
  bytes: number;
  json: string;
  /** ms since the epoch */
  deadline: number;
  /** Lambda had no room for it, once at least */
  throttled: boolean;
  answer(response: InvocationResponse): void;
  /** 503: there is no room or no time for it */
  shed(): void;
}

export interface Coalescer {
  limits: CoalescerLimits;
  /** Always answers; what goes wrong becomes a problem. */
  submit(event: InvocationEvent, deadlineMs: number): Promise<InvocationResponse>;
}

/** Room in a payload for `{"batch":[…]}`; one comma an item is counted with the item. */
const ENVELOPE_BYTES = 64;
/** A throttled function gets this long before the next try. */
const THROTTLE_PAUSE_MS = 50;
/** An invocation is abandoned so long after its last deadline: until then each request's own timer is to answer it. */
const ABANDON_MS = 50;

/**
 * Keeps at most `maxInFlight` invocations of one function under way; what arrives meanwhile waits and leaves together.
 * There is no timer: an idle gateway invokes at once, so a lone request pays nothing.
 */
export function createCoalescer(functionName: string, invoke: Invoke, limits: CoalescerLimits): Coalescer {
  const queue = new FairQueue<Waiting>();
  const drain = createDrainRate();
  const label = { function: functionName };
  let inFlight = 0;
  /** throttled invocations whose pause is not over; no clock: a timer may fire a little before its time */
  let pauses = 0;

  const coalescer: Coalescer = {
    limits,
    submit(event, deadlineMs) {
      const json = JSON.stringify(event);
      const client = event.requestContext.authorizer.lambda.client;
      const bytes = Buffer.byteLength(json) + 1;
      if (!makeRoom(client, bytes)) {
        metrics.shed.inc(label);
        return Promise.resolve(busy());
      }
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          // an invocation that is under way goes on for the others of its batch
          const waited = queue.remove(item) || item.throttled;
          resolve(waited ? busy() : problemResponse('function_timeout', 1));
        }, deadlineMs);
        const item: Waiting = {
          client,
          bytes,
          json,
          deadline: Date.now() + deadlineMs,
          throttled: false,
          answer(response) {
            clearTimeout(timer);
            drain.answered(1);
            resolve(response);
          },
          shed() {
            clearTimeout(timer);
            resolve(busy());
          },
        };
        queue.push(item);
        pump();
      });
    },
  };

  const busy = () => problemResponse('busy', drain.secondsFor(queue.size));

  /** False when the request has to go. A full queue takes a client's request in place of one whose client has more there. */
  function makeRoom(client: string, bytes: number): boolean {
    const { maxQueue, maxQueueBytes } = coalescer.limits;
    if (queue.waiting(client) >= maxQueue / 2 && queue.othersWait(client)) return false;
    const share = (items: number, total: number) => Math.max(items / maxQueue, total / maxQueueBytes);
    const own = share(queue.waiting(client) + 1, queue.waitingBytes(client) + bytes);
    while (queue.size >= maxQueue || queue.bytes + bytes > maxQueueBytes) {
      const last = queue.heaviest(share);
      if (!last || share(queue.waiting(last.client), queue.waitingBytes(last.client)) <= own) return false;
      queue.remove(last);
      metrics.shed.inc(label);
      last.shed();
    }
    return true;
  }

  function pump(): void {
    const { maxInFlight, maxSize } = coalescer.limits;
    while (inFlight < maxInFlight && queue.size > 0 && pauses === 0) {
      const batch = queue.take(maxSize, MAX_PAYLOAD_BYTES - ENVELOPE_BYTES);
      inFlight++;
      void send(batch).finally(() => {
        inFlight--;
        pump();
      });
    }
    metrics.queued.set(label, queue.size);
    metrics.inFlight.set(label, inFlight);
  }

  async function send(batch: Waiting[]): Promise<void> {
    const timeoutMs = Math.max(...batch.map(({ deadline }) => deadline)) - Date.now() + ABANDON_MS;
    const [only] = batch;
    const payload =
      batch.length === 1 && only ? only.json : `{"batch":[${batch.map(({ json }) => json).join()}]}`;
    metrics.invocations.inc(label);
    metrics.batchSize.observe(label, batch.length);
    const observe = metrics.invocationSeconds.startTimer(label);
    const outcome = await invoke(functionName, payload, timeoutMs);
    observe();
    if (outcome.kind === 'throttled') return putBack(batch);
    if (outcome.kind === 'unreachable') return answerAll(batch, problemResponse('unavailable', 1));
    if (outcome.kind === 'timeout') return answerAll(batch, problemResponse('function_timeout', 1));
    const answers = outcome.kind === 'ok' ? readAnswers(outcome.payload, batch.length) : null;
    if (answers) {
      for (const [index, item] of batch.entries()) item.answer(answers[index] as InvocationResponse);
      return;
    }
    if (batch.length === 1) return answerAll(batch, problemResponse('function_failed'));
    // one of them brings the others down: halves, until it is alone
    metrics.bisected.inc(label);
    const middle = batch.length >> 1;
    await Promise.all([send(batch.slice(0, middle)), send(batch.slice(middle))]);
  }

  function putBack(batch: Waiting[]): void {
    metrics.throttled.inc(label);
    const now = Date.now();
    const alive = batch.filter(({ deadline }) => deadline > now);
    for (const item of batch) {
      item.throttled = true;
      if (item.deadline <= now) item.shed();
    }
    queue.unshift(alive);
    pauses++;
    setTimeout(() => {
      pauses--;
      pump();
    }, THROTTLE_PAUSE_MS);
  }

  function answerAll(batch: Waiting[], response: InvocationResponse): void {
    for (const item of batch) item.answer(response);
  }

  return coalescer;
}
