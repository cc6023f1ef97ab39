import { type Call, newCall, registrationSent } from './calls.ts';
import { type Engagement, measureEngagement } from './engagement.ts';
import { PistatsError } from './errors.ts';
import { type EventData, newEvent, type PageData, type QueuedEvent, stamp } from './events.ts';
import { openIndexedDbStore } from './indexed-db-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { hasPrivacySignal, type Options, storeName } from './options.ts';
import { currentPage, on, watchPages } from './page-views.ts';
import { createQueue, type Queue } from './queue.ts';
import { createSender, type Sender } from './sender.ts';
import type { Entry, State, Store } from './store.ts';
import { uuidv7 } from './uuid.ts';

/** A registration is renewed so often, so that the server knows which devices are alive. */
const RENEW_MS = 7 * 86_400_000;
/** Events are gathered for a moment: a page makes several at once. */
const GATHER_MS = 250;
/** Calls that wait for consent. */
const MAX_HELD = 200;

export interface Registered {
  registrationId: string;
  deviceId: string;
  userId: string;
  created: boolean;
}
export interface Topic {
  name: string;
  state: 'joined' | 'left';
}

export interface Pistats {
  /** Registers this browser, or says what changed of it; asks nobody when nothing did. */
  register(details?: { user?: { id: string; token?: string } }): Promise<Registered>;
  /** Resolves when the event is kept in this browser: from there it is sent, whatever happens to the page. */
  track<T extends string>(
    name: T,
    data?: T extends keyof EventData ? EventData[T] : Record<string, unknown>,
  ): Promise<void>;
  subscribe(topics: string[]): Promise<Topic[]>;
  unsubscribe(topics: string[]): Promise<Topic[]>;
  /** Forgets this browser, here and at the server; nothing is tracked until `consent.grant()`. */
  optOut(): Promise<void>;
  /** Resolves when what waits was sent, or has to wait on. */
  flush(): Promise<void>;
  consent: {
    grant(): Promise<void>;
    deny(): Promise<void>;
    readonly state: 'granted' | 'denied' | 'pending';
  };
}

/** Starts the SDK. Nothing is stored or sent before consent where that is required. */
export function init(options: Options): Pistats {
  const { consent: wanted = 'implied', honourPrivacySignals = false } = options;
  const debug = (...words: unknown[]) => {
    if (options.debug) console.debug('[pistats]', ...words);
  };
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: unknown): void }>();
  /** this page's events that no answer has confirmed */
  let own: QueuedEvent[] = [];
  let userId: string | undefined;
  let consent: 'granted' | 'denied' | 'pending' = wanted === 'required' ? 'pending' : 'granted';
  if (honourPrivacySignals && hasPrivacySignal()) consent = 'denied';
  let held: (() => void)[] = [];
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let stops: (() => void)[] = [];
  let engagement: Engagement | undefined;
  let page: PageData | undefined;

  let opened: Promise<Parts> | undefined;
  /** those of `opened`, for a page that can not wait */
  let parts: Parts | undefined;
  const leftName = `${storeName(options)} left`;
  const open = () => {
    opened ??= (async () => {
      const kept = await openIndexedDbStore(storeName(options)).catch(() => createMemoryStore());
      let state: State = {};
      const store: Store = {
        ...kept,
        update: (change) =>
          kept.update((now) => {
            const update = change(now);
            state = { ...now };
            return update;
          }),
      };
      await store.update((now) => {
        now.installationId ??= uuidv7(Date.now());
        return { result: undefined };
      });
      // a refusal of another visit holds, a consent as well
      if (state.consent === 'denied' || state.optedOut) {
        consent = 'denied';
        halt();
      }
      const queue = createQueue(store);
      const sender = createSender(options, store, queue, {
        settle(key, { value, error }) {
          const one = waiting.get(key);
          waiting.delete(key);
          if (error) one?.reject(error);
          else one?.resolve(value);
        },
        arrived(ids) {
          own = own.filter(({ id }) => !ids.includes(id));
        },
        debug,
      });
      const left = takeLeft(leftName);
      if (left) await queue.add(() => left);
      parts = { store, queue, sender, known: () => state };
      return parts;
    })();
    return opened;
  };

  /** Runs `work` when it is allowed: now, or when consent comes. */
  async function allowed<T>(work: (parts: Parts) => Promise<T>): Promise<T> {
    if (consent === 'pending') {
      if (held.length >= MAX_HELD) throw new PistatsError('queue_full');
      await new Promise<void>((resolve) => held.push(resolve));
    }
    // before anything is opened: that would store something
    if (consent === 'denied') throw new PistatsError('consent_denied');
    const ready = await open();
    if ((consent as string) === 'denied') throw new PistatsError('consent_denied');
    return work(ready);
  }

  async function sendSoon(): Promise<void> {
    gathering ??= setTimeout(async () => {
      gathering = undefined;
      await (await open()).sender.flush();
    }, GATHER_MS);
  }

  const call = <T>(request: Omit<Call, 'key'>): Promise<T> =>
    allowed(async ({ queue, sender }) => {
      const entry = newCall(request);
      const answered = new Promise((resolve, reject) =>
        waiting.set((entry.body as Call).key, { resolve, reject }),
      );
      await queue.add(() => entry);
      void sender.flush();
      return answered as Promise<T>;
    });

  async function track(type: string, data: Record<string, unknown> = {}): Promise<void> {
    await allowed(async ({ queue }) => {
      let made: Entry | undefined;
      await queue.add((state) => {
        made = newEvent(state, type, data, userId);
        return made;
      });
      if (made) own.push(made.body as QueuedEvent);
      void sendSoon();
    });
  }

  function start(): void {
    if (options.engagement !== false)
      engagement = measureEngagement((seconds, scroll) => {
        const data = { page: page ?? currentPage(''), seconds, scroll };
        if (document.visibilityState === 'hidden') leave(data);
        else quietly(track('engagement', data));
      });
    if (options.pageViews !== false)
      stops.push(
        watchPages((shown) => {
          engagement?.end();
          page = shown;
          quietly(track('page_view', { page: shown }));
        }),
      );
    const leaving = () => {
      if (document.visibilityState === 'hidden') parts?.sender.last(own);
    };
    stops.push(
      on(document, 'visibilitychange', leaving),
      on(window, 'pagehide', leaving),
      on(window, 'online', () => void opened?.then(({ sender }) => sender.flush())),
    );
    // what an earlier page left
    void sendSoon();
  }

  /**
   * The last event of a page that may end at any moment, before anything asynchronous is done: it goes with the page's last
   * request, and lies in localStorage for the next page until it is in the queue. It has no number: those are given there.
   */
  function leave(data: Record<string, unknown>): void {
    if (!parts) return;
    const at = Date.now();
    const { offset, session, registration } = parts.known();
    if (!session) return;
    const body = {
      ...stamp(at, offset),
      ...{ type: 'engagement', data, session: session.id, userId, deviceId: registration?.deviceId },
    };
    const entry: Entry = { kind: 'event', at, size: JSON.stringify(body).length, body };
    own.push(body);
    const { queue } = parts;
    try {
      localStorage.setItem(leftName, JSON.stringify(entry));
    } catch {}
    quietly(queue.add(() => entry).then(() => localStorage.removeItem(leftName)));
  }

  const decide = async (state: 'granted' | 'denied') => {
    consent = state;
    const waited = held;
    held = [];
    if (state === 'denied') {
      halt();
      // what was stored before is forgotten, but for the refusal
      if (opened) {
        const { store, sender } = await opened;
        sender.stop();
        await store.clear();
        own = [];
        opened = parts = undefined;
      }
      for (const go of waited) go();
      return;
    }
    const { store } = await open();
    consent = 'granted';
    await store.update((now) => {
      now.consent = 'granted';
      delete now.optedOut;
      return { result: undefined };
    });
    for (const go of waited) go();
    if (stops.length === 0) start();
  };

  function halt(): void {
    for (const stop of stops) stop();
    stops = [];
    engagement?.stop();
    clearTimeout(gathering);
    gathering = undefined;
  }

  // the page is looked at before anything is opened: an app may go on to its next page meanwhile
  if (consent === 'granted') start();
  else if (consent === 'pending') void rememberedConsent(options).then((state) => state && decide(state));

  return {
    register: (details = {}) =>
      allowed(async ({ store }) => {
        userId = details.user?.id ?? userId;
        const known = await store.update((state: State) => ({ result: state.registration }));
        const request: Omit<Call, 'key'> = {
          name: 'register',
          user: details.user,
          page: { url: location.href, referrer: document.referrer },
        };
        if (known && known.sent === registrationSent(request) && Date.now() - known.at < RENEW_MS) {
          const { registrationId, deviceId, userId } = known;
          return { registrationId, deviceId, userId, created: false };
        }
        const { deviceToken: _, ...answer } = await call<Registered & { deviceToken?: string }>(request);
        return answer;
      }),
    track: track as Pistats['track'],
    subscribe: (topics) => call({ name: 'subscribe', topics }),
    unsubscribe: (topics) => call({ name: 'unsubscribe', topics }),
    optOut: async () => {
      const registered = await allowed(async ({ store }) =>
        store.update((state) => ({ result: Boolean(state.registration) })),
      );
      if (registered) await call({ name: 'optOut' });
      await decide('denied');
      const { store } = await open();
      await store.update((state) => {
        state.optedOut = true;
        return { result: undefined };
      });
    },
    flush: async () => {
      if (consent === 'granted') await (await open()).sender.flush();
    },
    consent: {
      grant: () => decide('granted'),
      deny: () => decide('denied'),
      get state() {
        return consent;
      },
    },
  };
}

interface Parts {
  store: Store;
  queue: Queue;
  sender: Sender;
  /** the state as this page last saw it */
  known(): State;
}

/** What an earlier page could not put into the queue any more. */
function takeLeft(name: string): Entry | undefined {
  try {
    const left = localStorage.getItem(name);
    localStorage.removeItem(name);
    return left ? JSON.parse(left) : undefined;
  } catch {
    return undefined;
  }
}

/** What the visitor said at an earlier page; opens nothing that is not there. */
async function rememberedConsent(options: Options): Promise<State['consent']> {
  try {
    const known = await indexedDB.databases();
    const name = storeName(options);
    if (!known.some((one) => one.name === name)) return undefined;
    return (await openIndexedDbStore(name)).update((state) => ({
      result: state.optedOut ? 'denied' : state.consent,
    }));
  } catch {
    return undefined;
  }
}

const quietly = (work: Promise<unknown>) => void work.catch(() => {});
