import { type Call, registrationSent, requestOf } from './calls.ts';
import { PistatsError } from './errors.ts';
import { newEvent, type QueuedEvent, stamp } from './events.ts';
import { type Answer, ask, errorOf, isPassing, isRefusedKey } from './http.ts';
import { alone } from './lease.ts';
import { type Options, SDK, storeName } from './options.ts';
import type { Queue } from './queue.ts';
import { pause } from './retry.ts';
import type { Entry, State, Store } from './store.ts';

/** The API's: events a request, and bytes below its 512 KiB. */
const MAX_EVENTS = 100;
const MAX_BYTES = 400_000;
/** What a browser sends for a page that goes away (64 KiB in all, Fetch standard), less what else is under way. */
const MAX_LAST_BYTES = 50_000;
/** The server rejects ids further off than ten minutes. */
const CLOCK_TOLERANCE_MS = 60_000;

export interface Sender {
  /** Sends what waits; resolves when nothing is left, or when it has to wait. */
  flush(): Promise<void>;
  /** Sends the page's own events without waiting for anything: it goes away. */
  last(events: QueuedEvent[]): void;
  stop(): void;
}

interface Told {
  settle(key: string, outcome: { value?: unknown; error?: PistatsError }): void;
  arrived(ids: string[]): void;
  debug(...words: unknown[]): void;
}

/** Sends entries in their order, one tab at a time: events together, calls one by one. */
export function createSender(options: Options, store: Store, queue: Queue, told: Told): Sender {
  const { endpoint, key, property } = options;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let underWay: Promise<void> | undefined;
  let stopped = false;
  /** the key is refused: until another page asks again */
  let refused = false;

  const stateOf = () => store.update((state) => ({ result: structuredClone(state) as State }));

  function flush(): Promise<void> {
    if (stopped || refused) return Promise.resolve();
    clearTimeout(timer);
    timer = undefined;
    underWay ??= alone(storeName(options), store, drain)
      .then((had) => {
        // another tab sends; should it be closed, its entries are ours
        if (!had) later(5_000 + Math.random() * 5_000);
      })
      .catch(told.debug)
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  function later(ms: number): void {
    if (!stopped) timer ??= setTimeout(flush, ms);
  }

  async function drain(renew: () => Promise<void>): Promise<void> {
    while (!stopped) {
      const head = await queue.head(MAX_EVENTS, expire);
      const [first] = head;
      if (!first) return;
      await renew();
      const answer = first.kind === 'call' ? await sendCall(first) : await sendEvents(head);
      if (answer === 'done') {
        failures = 0;
        continue;
      }
      if (answer && isRefusedKey(answer)) {
        refused = true;
        told.debug(errorOf(answer));
        if (first.kind === 'call') settle(first, { error: errorOf(answer) });
        return;
      }
      later(pause(++failures, answer?.retryAfter));
      return;
    }
  }

  const settle = ({ body }: Entry, outcome: Parameters<Told['settle']>[1]) =>
    told.settle((body as Call).key, outcome);

  function expire(entry: Entry): void {
    if (entry.kind === 'call') settle(entry, { error: new PistatsError('expired') });
  }

  /** `done`: it waits no more; else the answer after which it has to. */
  async function sendCall(entry: Entry): Promise<'done' | Answer | undefined> {
    const call = entry.body as Call;
    const state = await stateOf();
    const request = requestOf(call, state, property);
    if (!request) return giveUp(entry, new PistatsError('not_registered'));
    const answer = await ask(endpoint + request.path, {
      method: request.method,
      headers: {
        'content-type': 'application/json',
        'x-api-key': key,
        'idempotency-key': call.key,
        ...(request.token ? { 'x-device-token': request.token } : {}),
      },
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
    });
    told.debug(call.name, answer?.status);
    if (!answer || isPassing(answer)) return answer;
    if (answer.status >= 300) return giveUp(entry, errorOf(answer));
    await queue.remove([entry], (now) => {
      learnClock(now, answer);
      if (call.name === 'register') {
        const { registrationId, deviceId, userId, deviceToken = now.registration?.deviceToken } = answer.body;
        now.registration = {
          registrationId,
          deviceId,
          userId,
          deviceToken,
          sent: registrationSent(call),
          at: Date.now(),
        };
      }
    });
    settle(entry, { value: answer.body });
    return 'done';
  }

  async function giveUp(entry: Entry, error: PistatsError): Promise<'done'> {
    await queue.drop([entry], error.code);
    settle(entry, { error });
    return 'done';
  }

  async function sendEvents(head: Entry[]): Promise<'done' | Answer | undefined> {
    const state = await stateOf();
    if (state.offset === undefined) {
      // an id by a clock that is hours off would be rejected; any answer tells the server's
      const answer = await ask(`${endpoint}/v1/time`, {});
      if (!answer || isPassing(answer)) return answer;
      await startClock(answer);
      // they are others now
      return 'done';
    }
    const batch = together(head);
    if (state.dropped) await queue.add(droppedEvent);
    const answer = await ask(`${endpoint}/v1/events`, post(batch.map(({ body }) => body)));
    told.debug(batch.length, answer?.status);
    if (!answer || isPassing(answer)) return answer;
    if (answer.status >= 300) return refuse(batch, answer);
    await queue.remove(batch, (now) => learnClock(now, answer));
    told.arrived(batch.map(({ body }) => body.id));
    return 'done';
  }

  /** Those that the answer points at are dropped, and the others go again. */
  async function refuse(batch: Entry[], { body }: Answer): Promise<'done'> {
    const named = new Set<number>();
    for (const { pointer = '' } of body?.errors ?? []) {
      const index = /^\/events\/(\d+)/.exec(pointer)?.[1];
      if (index) named.add(Number(index));
    }
    const bad = batch.filter((_, index) => named.size === 0 || named.has(index));
    await queue.drop(bad, 'refused');
    return 'done';
  }

  /**
   * What was made before the server's clock was known was never sent: it gets ids and times by that clock, if this one is
   * wrong, and keeps them.
   */
  async function startClock(answer: Answer): Promise<void> {
    const waiting = (await store.list(10_000)).filter(
      ({ kind, body }) => kind === 'event' && body.offset === undefined,
    );
    await store.update((state) => {
      learnClock(state, answer);
      state.offset ??= 0;
      const { offset } = state;
      const put = waiting.map((entry) => {
        const anew = offset === 0 ? { offset } : stamp(entry.at, offset);
        return { ...entry, body: { ...entry.body, ...anew } };
      });
      return { result: undefined, put };
    });
  }

  /** The first events of one session and user, few enough for a request. */
  function together(head: Entry[]): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    const { session, userId, deviceId } = (head[0] as Entry).body as QueuedEvent;
    for (const entry of head) {
      const event = entry.body as QueuedEvent;
      bytes += entry.size;
      const same =
        entry.kind === 'event' &&
        event.session === session &&
        event.userId === userId &&
        event.deviceId === deviceId;
      if (!same || (batch.length > 0 && bytes > MAX_BYTES)) break;
      batch.push(entry);
    }
    return batch;
  }

  /** Text: a request that needs no preflight, and that a page that goes away can send as well. */
  function post(events: QueuedEvent[]): RequestInit {
    const { session: sessionId, userId, deviceId } = events[0] as QueuedEvent;
    const context = { property, installationId, deviceId, userId, sessionId, sdk: SDK };
    const body = JSON.stringify({
      key,
      context,
      events: events.map(({ id, type, time, seq, data }) => ({ id, type, time, seq, data })),
    });
    return { method: 'POST', headers: { 'content-type': 'text/plain' }, body };
  }

  let installationId: string | undefined;
  const ready = stateOf().then((state) => {
    installationId = state.installationId;
  });

  return {
    flush: () => ready.then(flush),
    last(events) {
      if (stopped || refused || events.length === 0 || !installationId) return;
      const some: QueuedEvent[] = [];
      let bytes = 0;
      for (const event of events) {
        bytes += JSON.stringify(event).length;
        if (event.offset === undefined || event.session !== events[0]?.session || bytes > MAX_LAST_BYTES)
          break;
        some.push(event);
      }
      if (some.length === 0) return;
      const { body } = post(some);
      // what becomes of it nobody hears: the entries stay until the next page has an answer, and the server knows their ids
      if (
        !navigator.sendBeacon?.(`${endpoint}/v1/events`, new Blob([body as string], { type: 'text/plain' }))
      )
        fetch(`${endpoint}/v1/events`, { ...post(some), keepalive: true, credentials: 'omit' }).catch(
          () => {},
        );
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function learnClock(state: State, { offset }: Answer): void {
  if (offset === undefined) return;
  const known = state.offset;
  // the way there and back is no clock that is wrong
  if (known === undefined || Math.abs(offset - known) > CLOCK_TOLERANCE_MS)
    state.offset = Math.abs(offset) > CLOCK_TOLERANCE_MS ? Math.round(offset) : 0;
}

/** Tells of what never arrived, once. */
function droppedEvent(state: State): Entry {
  const { dropped = {} } = state;
  delete state.dropped;
  return newEvent(state, 'events_dropped', { ...dropped }, undefined);
}
