import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReplayRequest } from '../../infra/local/load/bodies.ts';
import { createHttpClient } from '../../infra/local/load/http-client.ts';
import { TEST_ORIGIN } from '../support/test-clients.ts';

const PATH = '/v1/registrations';

/** A timer may fire so much before its time. */
const TIMER_EARLY_MS = 2;

/** One second of a run, by when each thing happened. */
export interface Second {
  /** registrations that were due: first attempts */
  offered: number;
  /** registrations answered 2xx */
  answered: number;
  /** attempts answered 503 or 429 */
  shed: number;
  /** attempts after the first */
  retried: number;
  /** attempts without an answer, or with another 5xx */
  failed: number;
  /** of those answered 2xx, from the moment each was due: waiting for a retry included */
  milliseconds: number[];
  /** registrations without their 2xx when it began */
  open: number;
}

export interface Sent {
  seconds: Second[];
  /** code → registrations whose last answer that was; 0: none */
  last: Record<number, number>;
  /** code → attempts; without those that were never answered */
  attempts: Record<number, number>;
  sent: number;
  /** attempts sent before the Retry-After of the answer before had passed */
  early: number;
  /** answers with a Retry-After, and the longest, seconds */
  deferred: number;
  longestRetryAfter: number;
}

export interface SurgePlan {
  proxyUrl: string;
  requests: Iterable<ReplayRequest>;
  /** when each is due, ms from the start; absent: each connection sends when it was answered */
  moments?: Float64Array;
  /** open at most; with moments far more than there can be, so that nobody waits at the client */
  connections: number;
  signal: AbortSignal;
}

/** Registers as the replay does: retries with jitter, Retry-After honoured, one Idempotency-Key over all attempts. */
export async function sendSurge({
  proxyUrl,
  requests,
  moments,
  connections,
  signal,
}: SurgePlan): Promise<Sent> {
  const http = createHttpClient(proxyUrl, connections, signal);
  const startedAt = performance.now();
  const result: Sent = {
    ...{ seconds: [], last: {}, attempts: {}, sent: 0 },
    ...{ early: 0, deferred: 0, longestRetryAfter: 0 },
  };
  let open = 0;
  const second = (): Second => {
    const index = Math.floor((performance.now() - startedAt) / 1_000);
    const { seconds } = result;
    while (seconds.length <= index) seconds.push(emptySecond(open));
    return seconds[index] as Second;
  };
  const stopWatching = watchAttempts({
    started: (again, early) => {
      if (again) second().retried++;
      if (early) result.early++;
    },
    answered: (code, retryAfter) => {
      if (retryAfter > 0) result.deferred++;
      result.longestRetryAfter = Math.max(result.longestRetryAfter, retryAfter);
      result.attempts[code] = (result.attempts[code] ?? 0) + 1;
      if (code === 503 || code === 429) second().shed++;
      else if (code >= 500) second().failed++;
    },
    failed: () => {
      second().failed++;
    },
  });
  const register = async ({ client, body, userAgent, address }: ReplayRequest, due: number) => {
    open++;
    result.sent++;
    second().offered++;
    const headers = {
      'x-api-key': client.pk,
      origin: TEST_ORIGIN,
      'user-agent': userAgent,
      'x-forwarded-for': address,
    };
    const answer = await http.send('POST', PATH, headers, body);
    open--;
    const now = second();
    const code = answer?.status ?? 0;
    result.last[code] = (result.last[code] ?? 0) + 1;
    if (code < 200 || code >= 300) return;
    now.answered++;
    now.milliseconds.push(performance.now() - startedAt - due);
  };
  try {
    await (moments ? openLoop(moments) : closedLoop());
  } finally {
    stopWatching();
    http.close();
  }
  return result;

  async function openLoop(moments: Float64Array): Promise<void> {
    const under: Promise<void>[] = [];
    let index = 0;
    for (const request of requests) {
      const due = moments[index++] ?? 0;
      const wait = due - (performance.now() - startedAt);
      if (wait > 1) await delay(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      under.push(register(request, due));
    }
    await Promise.all(under);
  }

  async function closedLoop(): Promise<void> {
    const next = requests[Symbol.iterator]();
    const connection = async () => {
      for (let turn = next.next(); !turn.done && !signal.aborted; turn = next.next())
        await register(turn.value, performance.now() - startedAt);
    };
    await Promise.all(Array.from({ length: connections }, connection));
  }
}

const emptySecond = (open: number): Second => ({
  offered: 0,
  answered: 0,
  shed: 0,
  retried: 0,
  failed: 0,
  milliseconds: [],
  open,
});

interface Watcher {
  /** `again`: not the first with its Idempotency-Key; `early`: sooner than its last answer asked for */
  started(again: boolean, early: boolean): void;
  /** `retryAfter`: seconds; 0: none */
  answered(code: number, retryAfter: number): void;
  failed(): void;
}

/** Every attempt of a registration that this process sends: the client itself tells of its last answer alone. */
function watchAttempts(watcher: Watcher): () => void {
  /** Idempotency-Key → when it may be sent again */
  const seen = new Map<unknown, number>();
  const ours = (message: unknown) => (message as { request: ClientRequest }).request.path === PATH;
  const handlers: Record<string, (message: unknown) => void> = {
    'http.client.request.start': (message) => {
      const key = (message as { request: ClientRequest }).request.getHeader('idempotency-key');
      watcher.started(seen.has(key), (seen.get(key) ?? 0) - TIMER_EARLY_MS > performance.now());
      seen.set(key, 0);
    },
    'http.client.response.finish': (message) => {
      const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
      const retryAfter = Number(response.headers['retry-after'] ?? 0);
      seen.set(request.getHeader('idempotency-key'), performance.now() + retryAfter * 1_000);
      watcher.answered(response.statusCode ?? 0, retryAfter);
    },
    'http.client.request.error': () => watcher.failed(),
  };
  const guarded = Object.entries(handlers).map(
    ([channel, handle]) => [channel, (message: unknown) => ours(message) && handle(message)] as const,
  );
  for (const [channel, handle] of guarded) subscribe(channel, handle);
  return () => {
    for (const [channel, handle] of guarded) unsubscribe(channel, handle);
  };
}
