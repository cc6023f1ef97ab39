import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReplayRequest } from './bodies.ts';
import { createHttpClient, type HttpAnswer } from './http-client.ts';

export interface ReplayOptions {
  proxyUrl: string;
  requests: Iterable<ReplayRequest>;
  /** when each request is due, ms from the start; a request past its time goes at once */
  moments: Float64Array;
  /** open connections at most */
  concurrency: number;
  signal?: AbortSignal;
  onProgress?: (result: ReplayResult) => void;
}

/** Counts of the replay so far. A retried request counts once. */
export interface ReplayResult {
  sent: number;
  /** answered 201 or 200 */
  registered: number;
  /** code → requests that were refused for good */
  rejected: Record<string, number>;
  /** every 2xx, subscriptions included */
  accepted: number;
  subscribed: number;
  seconds: number;
  registrations_per_second: number;
  p50_ms: number;
  p99_ms: number;
}

/** Replays the registrations, and what devices then subscribe to, as the SDK of the sites would. */
export async function runReplay(options: ReplayOptions): Promise<ReplayResult> {
  const http = createHttpClient(options.proxyUrl, options.concurrency, options.signal);
  const latency = createHistogram();
  const deviceTokens = new Map<string, string>();
  /** the last request of an installation: its next one waits, as in one browser */
  const installations = new Map<string, Promise<void>>();
  const under = new Set<Promise<void>>();
  const startedAt = performance.now();
  const counts = { sent: 0, registered: 0, accepted: 0, subscribed: 0 };
  const rejected: Record<string, number> = {};

  const result = (): ReplayResult => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const ms = (percentile: number) => (latency.count > 0 ? latency.percentile(percentile) / 1_000 : 0);
    return {
      ...counts,
      rejected: { ...rejected },
      seconds: Number(seconds.toFixed(2)),
      registrations_per_second: Math.round((counts.registered / seconds) * 10) / 10,
      p50_ms: Number(ms(50).toFixed(1)),
      p99_ms: Number(ms(99).toFixed(1)),
    };
  };
  const progress = setInterval(() => options.onProgress?.(result()), 250);

  async function register(request: ReplayRequest): Promise<void> {
    const { client, body, installationId, userAgent, address, topics } = request;
    const key = `${client.name} ${installationId}`;
    const headers = { 'x-api-key': client.pk, 'user-agent': userAgent, 'x-forwarded-for': address };
    const known = deviceTokens.get(key);
    const refuse = (code: string) => {
      rejected[code] = (rejected[code] ?? 0) + 1;
    };
    const answer = await http.send('POST', '/v1/registrations', { ...headers, ...tokenHeader(known) }, body);
    if (!answer || answer.status >= 300) return refuse(codeOf(answer));
    const registration = parseObject(answer.body);
    if (!registration) return refuse('not_json');
    latency.record(Math.max(1, Math.round(answer.ms * 1_000)));
    counts.registered++;
    counts.accepted++;
    const { registrationId, deviceToken = known } = registration as Record<string, string>;
    if (deviceToken) deviceTokens.set(key, deviceToken);
    if (topics.length === 0 || !deviceToken) return;
    const subscription = JSON.stringify({ registrationId, topics });
    const joined = await http.send(
      'POST',
      '/v1/subscriptions',
      { ...headers, ...tokenHeader(deviceToken) },
      subscription,
    );
    if (!joined || joined.status >= 300) return;
    counts.subscribed++;
    counts.accepted++;
  }

  /** wakes the loop when a connection is free */
  let free = () => {};
  let index = 0;
  for (const request of options.requests) {
    const due = (options.moments[index++] ?? 0) - (performance.now() - startedAt);
    if (due > 1) await delay(due, undefined, { signal: options.signal }).catch(() => {});
    if (options.signal?.aborted) break;
    if (under.size >= options.concurrency) await new Promise<void>((resolve) => (free = resolve));
    counts.sent++;
    const id = `${request.client.name} ${request.installationId}`;
    const before = request.installationId ? installations.get(id) : undefined;
    const task = (before ?? Promise.resolve()).then(() => register(request));
    if (request.installationId) installations.set(id, task);
    under.add(task);
    void task.finally(() => {
      under.delete(task);
      free();
      if (installations.get(id) === task) installations.delete(id);
    });
  }
  await Promise.all(under);
  clearInterval(progress);
  http.close();
  return result();
}

const tokenHeader = (token: string | undefined): Record<string, string> =>
  token ? { 'x-device-token': token } : {};

/** The problem's code, else the HTTP status, else that there never was an answer. */
function codeOf(answer: HttpAnswer | null): string {
  if (!answer) return 'no_answer';
  // Kong's own errors have no code
  const code = parseObject(answer.body)?.code;
  return typeof code === 'string' ? code : `http_${answer.status}`;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
