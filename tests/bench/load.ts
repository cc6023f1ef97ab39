import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What one run of the load generator sends. It honours nothing: no retry, no Retry-After; it counts. */
export interface LoadPlan {
  url: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  /** taken in turn, as x-api-key */
  keys: string[];
  connections: number;
  seconds: number;
  /** requests per second at fixed times, however slow the answers; absent: each connection sends when it was answered */
  rate?: number;
  /** registrations of installations `prefix-0` …; `known`: at random out of that many that registered before */
  registrations?: { prefix: string; known?: number };
}

export interface LoadResult {
  sent: number;
  /** 0: no answer */
  codes: Record<number, number>;
  /** until the last answer */
  seconds: number;
  /** of those answered 2xx; at a rate counted from the time at which each was due */
  milliseconds: number[];
}

const ATTEMPT_TIMEOUT_MS = 30_000;
const USER_AGENT = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130.0.0.0 Mobile Safari/537.36';
/** A sender each, out of a real access network: client-auth's token bucket is one a client and sender. */
const sender = () => `81.${randomInt(2, 250)}.${randomInt(256)}.${randomInt(256)}`;

export function registrationBody(installationId: string): string {
  return JSON.stringify({
    property: 'www',
    device: {
      installationId,
      platform: 'web',
      address: { kind: 'fcm_token', value: `live-${installationId}` },
      locale: 'de-DE',
      timeZone: 'Europe/Berlin',
    },
    page: { url: 'https://www.example.com/story/7?utm_source=newsletter', referrer: '' },
  });
}

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.rate ? 1_024 : plan.connections });
  const result: LoadResult = { sent: 0, codes: {}, seconds: 0, milliseconds: [] };
  const startedAt = performance.now();
  const end = startedAt + plan.seconds * 1_000;
  const sendOne = async (from = performance.now()) => {
    const status = await attempt(agent, plan, result.sent++);
    result.codes[status] = (result.codes[status] ?? 0) + 1;
    if (status >= 200 && status < 300) result.milliseconds.push(performance.now() - from);
  };
  if (plan.rate) {
    const open: Promise<void>[] = [];
    for (let index = 0; index < plan.rate * plan.seconds; index++) {
      const due = startedAt + (index * 1_000) / plan.rate;
      const wait = due - performance.now();
      if (wait > 0) await delay(wait);
      open.push(sendOne(due));
    }
    await Promise.all(open);
  } else {
    const connection = async () => {
      while (performance.now() < end) await sendOne();
    };
    await Promise.all(Array.from({ length: plan.connections }, connection));
  }
  result.seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  return result;
}

function attempt(agent: Agent, plan: LoadPlan, index: number): Promise<number> {
  const { registrations, keys } = plan;
  const number = registrations?.known === undefined ? index : randomInt(registrations.known);
  // an installation stays with its client, or a known one would be new
  const key = keys[registrations ? number % keys.length : randomInt(keys.length)] as string;
  const body = registrations ? registrationBody(`${registrations.prefix}-${number}`) : undefined;
  return new Promise((resolve) => {
    const outgoing = request(
      plan.url,
      {
        agent,
        method: plan.method,
        timeout: ATTEMPT_TIMEOUT_MS,
        headers: {
          'user-agent': USER_AGENT,
          'x-forwarded-for': sender(),
          'x-api-key': key,
          ...(body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
          ...plan.headers,
        },
      },
      (response) => {
        response.on('data', () => {});
        response.on('error', () => resolve(0));
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', () => resolve(0));
    outgoing.end(body);
  });
}

// as a process of its own: plans come in, results go out
if (process.send && process.argv[1] === import.meta.filename) {
  process.on('message', (plan: LoadPlan) => void runLoad(plan).then((result) => process.send?.(result)));
  process.on('disconnect', () => process.exit(0));
}
