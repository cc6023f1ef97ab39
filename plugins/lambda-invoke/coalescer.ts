import {
  type InvocationEvent,
  type InvocationResponse,
  MAX_PAYLOAD_BYTES,
} from '../../contracts/invocation.ts';
import { problemResponse, readAnswers, takeColdStart } from './answers.ts';
import { createBisectBreaker } from './bisect-breaker.ts';
import { createDrainRate } from './drain-rate.ts';
import { FairQueue } from './fair-queue.ts';
import { createInFlightLimit } from './in-flight-limit.ts';
import type { Invoke, InvokeOutcome } from './invoke.ts';
import * as metrics from './metrics.ts';
import { createTurns } from './turns.ts';

export interface CoalescerLimits {
  maxSize: number;
  /** invocations under way: between these two, by what the function can take */
  minInFlight: number;
  maxInFlight: number;
  maxQueue: number;
  maxQueueBytes: number;
}

interface Waiting {
  client: string;
  bytes: number;
  json: string;
  /** ms of performance.now(): the time of day may be set back */
  since: number;
  deadline: number;
  /** Lambda had no room for it, once at least */
  throttled: boolean;
  answer(response: InvocationResponse): void;
  /** 503: there is no room or no time for it */
  shed(): void;
}

export interface Coalescer {
  setLimits(limits: CoalescerLimits): void;
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
 * From so many requests on, those that wait behind an invocation of their own clients are worth another one beside it: an
 * invocation costs as much CPU as about seven requests in one (docs/decisions/0001-coalescing.md), and fewer would take
 * the machine from those who wait. Or once they have waited so long: an invocation that hangs is not waited for.
 */
const WORTH_ANOTHER = 16;
const HOLD_MS = 50;

/** A batch that timed out goes again in this many parts: less work each, and what is slow holds up fewer. */
const PARTS_AFTER_TIMEOUT = 4;

/**
 * Keeps a few invocations of one function under way; what arrives meanwhile waits and leaves together. A client that has
 * none under way is invoked for at once, so a lone request pays nothing.
 */
export function createCoalescer(functionName: string, invoke: Invoke, given: CoalescerLimits): Coalescer {
  let limits = given;
  const inFlightLimit = createInFlightLimit(limits.minInFlight, limits.maxInFlight);
  const breaker = createBisectBreaker();
  const queue = new FairQueue<Waiting>();
  const drain = createDrainRate();
  const turns = createTurns();
  const label = { function: functionName };
  metrics.watchQueue(functionName, () => queue.backlog());
  let inFlight = 0;
  /** batches under way that carry requests of a client */
  const underWay = new Map<string, number>();
  let held: NodeJS.Timeout | undefined;
  /** a timer runs for the next turn of a client */
  let turnIsDue = false;
  /** throttled invocations whose pause is not over; no clock: a timer may fire a little before its time */
  let pauses = 0;

  const coalescer: Coalescer = {
    setLimits(changed) {
      limits = changed;
      inFlightLimit.setBounds(limits.minInFlight, limits.maxInFlight);
      pump();
    },
    submit(event, deadlineMs) {
      const json = JSON.stringify(event);
      const client = event.requestContext.authorizer.lambda.client;
      const bytes = Buffer.byteLength(json) + 1;
      if (!makeRoom(client, bytes)) return Promise.resolve(busy());
      const since = performance.now();
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
          since,
          deadline: since + deadlineMs,
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
        turns.heard(client);
        queue.push(item);
        pump();
      });
    },
  };

  function busy(): InvocationResponse {
    metrics.shed.inc(label);
    return problemResponse('busy', drain.secondsFor(queue.size));
  }

  /** False when the request has to go. A full queue takes a client's request in place of one whose client has more there. */
  function makeRoom(client: string, bytes: number): boolean {
    const { maxQueue, maxQueueBytes } = limits;
    if (queue.waiting(client) >= maxQueue / 2 && queue.othersWait(client)) return false;
    const share = (items: number, total: number) => Math.max(items / maxQueue, total / maxQueueBytes);
    const own = share(queue.waiting(client) + 1, queue.waitingBytes(client) + bytes);
    while (queue.size >= maxQueue || queue.bytes + bytes > maxQueueBytes) {
      const last = queue.heaviest(share);
      if (!last || share(queue.waiting(last.client), queue.waitingBytes(last.client)) <= own) return false;
      queue.remove(last);
      last.shed();
    }
    return true;
  }

  function pump(heldLong = false): void {
    while (inFlight < inFlightLimit.allowed && queue.size > 0 && pauses === 0) {
      const busiest = queue.busiest();
      const batch = next(heldLong);
      if (batch.length === 0) break;
      observeWait(batch, busiest);
      inFlight++;
      const clients = new Set(batch.map(({ client }) => client));
      for (const client of clients) underWay.set(client, (underWay.get(client) ?? 0) + 1);
      void send(batch).finally(() => {
        inFlight--;
        for (const client of clients) {
          const others = (underWay.get(client) ?? 1) - 1;
          if (others > 0) underWay.set(client, others);
          else underWay.delete(client);
        }
        pump();
      });
    }
    if (queue.size > 0) held ??= setTimeout(release, HOLD_MS);
    else stopHolding();
    metrics.inFlight.set(label, inFlight);
    metrics.inFlightLimit.set(label, inFlightLimit.allowed);
  }

  function observeWait(batch: Waiting[], busiest: string | undefined): void {
    const since = { busiest: Number.POSITIVE_INFINITY, others: Number.POSITIVE_INFINITY };
    for (const item of batch) {
      const kind = item.client === busiest ? 'busiest' : 'others';
      since[kind] = Math.min(since[kind], item.since);
    }
    for (const [kind, oldest] of Object.entries(since))
      if (oldest < Number.POSITIVE_INFINITY)
        metrics.waitSeconds.observe({ ...label, class: kind }, (performance.now() - oldest) / 1_000);
  }

  function release(): void {
    held = undefined;
    pump(true);
  }

  function stopHolding(): void {
    clearTimeout(held);
    held = undefined;
  }

  /** Only those go who have nothing under way and whose turn it is, unless enough wait or have waited for long. */
  function next(heldLong: boolean): Waiting[] {
    const maxBytes = MAX_PAYLOAD_BYTES - ENVELOPE_BYTES;
    const worth = heldLong || queue.size >= Math.min(WORTH_ANOTHER, limits.maxSize);
    if (worth) {
      stopHolding();
      return queue.take(limits.maxSize, maxBytes);
    }
    /** ms until each may; asked once, for it is counted */
    const waits = new Map<string, number>();
    const batch = queue.take(limits.maxSize, maxBytes, (client) => {
      if (underWay.has(client)) return true;
      const ms = waits.get(client) ?? turns.take(client);
      waits.set(client, ms);
      return ms > 0;
    });
    awaitTurn(Math.min(...[...waits.values()].filter((ms) => ms > 0)));
    return batch;
  }

  function awaitTurn(ms: number): void {
    if (turnIsDue || ms > HOLD_MS) return;
    turnIsDue = true;
    setTimeout(() => {
      turnIsDue = false;
      pump();
    }, ms);
  }

  /** One batch to its end, whatever it takes; a throttled one ends in the queue. */
  async function send(batch: Waiting[]): Promise<void> {
    const startedAt = performance.now();
    const outcome = await attempt(batch);
    if (outcome.kind === 'throttled') return putBack(batch);
    if (outcome.kind === 'timeout') return again(batch, performance.now() - startedAt);
    if (outcome.kind !== 'failed' || batch.length === 1) return;
    // one of them brings the others down, or the function is broken
    if (!breaker.closed) return answerAll(batch, problemResponse('function_failed'));
    breaker.settled(await halve(batch));
  }

  /**
   * One invocation. Answers the batch when the function answered it, when nobody could be asked, and when a lone request
   * failed; else the outcome says what is to be done with it.
   */
  async function attempt(batch: Waiting[]): Promise<InvokeOutcome> {
    const timeoutMs = Math.max(...batch.map(({ deadline }) => deadline)) - performance.now() + ABANDON_MS;
    const [only] = batch;
    const payload =
      batch.length === 1 && only ? only.json : `{"batch":[${batch.map(({ json }) => json).join()}]}`;
    metrics.invocations.inc(label);
    metrics.batchSize.observe(label, batch.length);
    const observe = metrics.invocationSeconds.startTimer(label);
    const outcome = await invoke(functionName, payload, timeoutMs);
    const seconds = observe();
    const initSeconds = outcome.kind === 'ok' ? takeColdStart(outcome.payload) : null;
    if (initSeconds !== null) metrics.initSeconds.observe(label, initSeconds);
    const answers = outcome.kind === 'ok' ? readAnswers(outcome.payload, batch.length) : null;
    if (answers) {
      inFlightLimit.succeeded({ size: batch.length, maxSize: limits.maxSize, ms: seconds * 1_000 });
      breaker.answered();
      for (const [index, item] of batch.entries()) item.answer(answers[index] as InvocationResponse);
      return outcome;
    }
    if (outcome.kind === 'unreachable') answerAll(batch, problemResponse('unavailable', 1));
    // an answer of another shape is a crash
    const kind = outcome.kind === 'ok' ? 'failed' : outcome.kind;
    if (kind === 'failed' && batch.length === 1) answerAll(batch, problemResponse('function_failed'));
    return { kind };
  }

  /** Halves in parallel, until the bad request is alone. Gives how many requests did not fail. */
  async function halve(batch: Waiting[]): Promise<number> {
    metrics.bisected.inc(label);
    const middle = batch.length >> 1;
    const counts = await Promise.all(
      [batch.slice(0, middle), batch.slice(middle)].map(async (half) => {
        const { kind } = await attempt(half);
        if (kind === 'throttled') putBack(half);
        if (kind === 'timeout') answerAll(half, problemResponse('function_timeout', 1));
        if (kind === 'failed' && half.length > 1) return halve(half);
        return kind === 'failed' ? 0 : half.length;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** A batch that timed out is asked once more, in parts, as far as its requests can wait that long again. */
  async function again(batch: Waiting[], elapsedMs: number): Promise<void> {
    const now = performance.now();
    const patient = batch.length > 1 ? batch.filter(({ deadline }) => deadline - now >= elapsedMs) : [];
    const hurried = batch.filter((item) => !patient.includes(item));
    answerAll(hurried, problemResponse('function_timeout', 1));
    if (patient.length === 0) return;
    metrics.retried.inc(label);
    const size = Math.ceil(patient.length / PARTS_AFTER_TIMEOUT);
    const parts = Array.from({ length: Math.ceil(patient.length / size) }, (_, index) =>
      patient.slice(index * size, (index + 1) * size),
    );
    await Promise.all(
      parts.map(async (part) => {
        const { kind } = await attempt(part);
        if (kind === 'throttled') putBack(part);
        if (kind === 'timeout') answerAll(part, problemResponse('function_timeout', 1));
        if (kind === 'failed' && part.length > 1) await halve(part);
      }),
    );
  }

  function putBack(batch: Waiting[]): void {
    metrics.throttled.inc(label);
    inFlightLimit.throttled();
    const now = performance.now();
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
