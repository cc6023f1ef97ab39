import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 } from 'uuid';
import { createHttpClient, type HttpAnswer } from '../../infra/local/load/http-client.ts';
import { TEST_ORIGIN } from '../support/test-clients.ts';
import { pickFrom, seeded } from './random.ts';

export interface LoadOptions {
  proxyUrl: string;
  /** client → pk */
  keys: Record<string, string>;
  /** requests a second, all kinds */
  rate: number;
}

export const KINDS = ['registration', 'subscription', 'events'] as const;
export type Kind = (typeof KINDS)[number];

/** A request that was answered 2xx, and what must be in the databases therefore. */
export interface Accepted {
  kind: Kind;
  client: string;
  /** performance.now() of the answer */
  at: number;
  /** the facts or events it stands for, as factKey() names them */
  facts: string[];
  /** a row of the registry: a device, or a device's topic and its state */
  device?: string;
  topic?: { name: string; state: 'joined' | 'left' };
}

export interface Load {
  /** performance.now() */
  readonly startedAt: number;
  readonly accepted: Accepted[];
  /** attempts after a request's first */
  readonly retries: number;
  /** status → attempts so answered; 0: no answer */
  readonly answers: Record<number, number>;
  /** answers that no client should see, at most a few of them */
  readonly strange: string[];
  /** requests that were never answered for good */
  readonly unanswered: number;
  /** No new requests; resolves when the open ones have been answered, or `patienceMs` later. */
  stop(patienceMs: number): Promise<void>;
}

interface Device {
  client: string;
  body: { property: string; user?: { id: string }; device: Record<string, unknown> };
  registrationId: string;
  deviceId: string;
  token: string;
  /** how many of CHANGES were asked for */
  changes: number;
}

/** What a device does with topics, in this order; each once, so that its fact can be told. */
const CHANGES: { name: string; state: 'joined' | 'left' }[] = [
  { name: 'breaking', state: 'joined' },
  { name: 'sport', state: 'joined' },
  { name: 'breaking', state: 'left' },
  { name: 'politics', state: 'joined' },
  { name: 'sport', state: 'left' },
];
/** Open at a time: far above what a gateway that works leaves open; past it the load waits. */
const MAX_OPEN = 1_500;
const MAX_SOCKETS = 256;
/** As long as anything is down here, a client comes back at least this often. */
const MAX_BACKOFF_MS = 2_000;

export const registrationKey = (deviceId: string, userId: string) => `registration ${deviceId} ${userId}`;
export const subscriptionKey = (type: string, deviceId: string, topics: string[]) =>
  `${type} ${deviceId} ${topics.join()}`;
export const eventKey = (id: string) => `event ${id}`;

/**
 * Devices of the clients in turn, as the SDK behaves: new ones register, known ones register again (unchanged, or as another
 * user), join and leave topics, and send events; retried under the same Idempotency-Key until answered.
 */
export function startLoad({ proxyUrl, keys, rate }: LoadOptions): Load {
  const aborter = new AbortController();
  const random = seeded(Date.now());
  const devices: Device[] = [];
  const accepted: Accepted[] = [];
  const answers: Record<number, number> = {};
  const strange: string[] = [];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let attempts = 0;
  let sent = 0;
  let running = true;
  const complain = (what: string) => strange.length < 5 && strange.push(what);
  const http = createHttpClient(proxyUrl, MAX_SOCKETS, aborter.signal, {
    maxAttempts: Number.POSITIVE_INFINITY,
    maxBackoffMs: MAX_BACKOFF_MS,
    onAttempt(answer) {
      attempts++;
      answers[answer?.status ?? 0] = (answers[answer?.status ?? 0] ?? 0) + 1;
      if (answer && !isExpected(answer)) complain(`${answer.status} ${answer.body.slice(0, 200)}`);
    },
  });

  async function send(
    method: string,
    path: string,
    client: string,
    body: object,
    token?: string,
  ): Promise<Record<string, unknown> | undefined> {
    sent++;
    const headers: Record<string, string> = {
      'x-api-key': keys[client] as string,
      origin: TEST_ORIGIN,
      // visitors all over the network: no sender is above its bucket
      'x-forwarded-for': `81.2.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`,
      ...(token ? { 'x-device-token': token } : {}),
    };
    const answer = await http.send(method, path, headers, JSON.stringify(body));
    if (!answer || answer.status >= 300) return undefined;
    try {
      return JSON.parse(answer.body) as Record<string, unknown>;
    } catch {
      complain(`${answer.status} with ${answer.body.slice(0, 200)}`);
      return undefined;
    }
  }
  const accept = (kind: Kind, client: string, facts: string[], row: Partial<Accepted> = {}) =>
    accepted.push({ kind, client, at: performance.now(), facts, ...row });

  async function register(client: string): Promise<void> {
    const body = {
      property: 'www',
      device: {
        installationId: randomUUID(),
        platform: 'web',
        address: { kind: 'fcm_token', value: `token-${randomUUID()}` },
        locale: 'de-DE',
      },
    };
    const answer = await send('POST', '/v1/registrations', client, body);
    if (!answer) return;
    const { registrationId, deviceId, userId, deviceToken: token } = answer as Record<string, string>;
    if (!registrationId || !deviceId || !userId || !token)
      return void complain(`a registration without its ids or token: ${Object.keys(answer)}`);
    accept('registration', client, [registrationKey(deviceId, userId)], { device: deviceId });
    devices.push({ client, body, registrationId, deviceId, token, changes: 0 });
  }

  async function registerAgain(device: Device, changed: boolean): Promise<void> {
    if (changed) device.body = { ...device.body, user: { id: `reader-${randomUUID()}` } };
    const answer = await send('POST', '/v1/registrations', device.client, device.body, device.token);
    if (!answer) return;
    const { deviceId, userId } = answer as Record<string, string>;
    if (deviceId !== device.deviceId || !userId) return void complain('another device than before');
    accept('registration', device.client, [registrationKey(deviceId, userId)], { device: deviceId });
  }

  async function subscribe(device: Device): Promise<void> {
    const change = CHANGES[device.changes++];
    if (!change) return register(device.client);
    const { name, state } = change;
    const answer = await send(
      state === 'joined' ? 'POST' : 'DELETE',
      '/v1/subscriptions',
      device.client,
      { registrationId: device.registrationId, topics: [name] },
      device.token,
    );
    if (!answer) return;
    const fact = subscriptionKey(`pistats.subscription.${state}`, device.deviceId, [name]);
    accept('subscription', device.client, [fact], { device: device.deviceId, topic: change });
  }

  async function sendEvents(client: string): Promise<void> {
    const events = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      id: v7(),
      type: 'page_view',
      time: new Date().toISOString(),
      data: { url: `https://www.example.com/${Math.floor(random() * 100)}` },
    }));
    const answer = await send('POST', '/v1/events', client, { events });
    if (!answer) return;
    if (answer.accepted !== events.length) return void complain(`accepted ${answer.accepted}`);
    accept(
      'events',
      client,
      events.map(({ id }) => eventKey(id)),
    );
  }

  /** One request of a device at a time, as in one browser; a new one registers where all are busy. */
  async function withDevice(client: string, work: (device: Device) => Promise<void>): Promise<void> {
    const at = devices.findIndex((device) => device.client === client);
    const [device] = at < 0 ? [] : devices.splice(at, 1);
    if (!device) return register(client);
    await work(device);
    devices.push(device);
  }

  function one(): Promise<void> {
    const client = pickFrom(Object.keys(keys), random);
    const draw = random();
    if (draw < 0.35) return register(client);
    if (draw < 0.45) return withDevice(client, (device) => registerAgain(device, false));
    if (draw < 0.55) return withDevice(client, (device) => registerAgain(device, true));
    if (draw < 0.75) return withDevice(client, subscribe);
    return sendEvents(client);
  }

  const loop = (async () => {
    let due = 0;
    while (running) {
      due += 1_000 / rate;
      const wait = due - (performance.now() - startedAt);
      if (wait > 1) await delay(wait, undefined, { signal: aborter.signal }).catch(() => {});
      if (open.size >= MAX_OPEN) {
        await Promise.race(open);
        due = performance.now() - startedAt;
      }
      if (!running) break;
      const task = one().finally(() => open.delete(task));
      open.add(task);
    }
  })();

  return {
    startedAt,
    accepted,
    answers,
    strange,
    get retries() {
      return Math.max(0, attempts - sent);
    },
    get unanswered() {
      return sent - accepted.length;
    },
    async stop(patienceMs) {
      running = false;
      const patience = setTimeout(() => aborter.abort(), patienceMs);
      await loop;
      await Promise.all(open);
      clearTimeout(patience);
      http.close();
    },
  };
}

/** 2xx; a problem or Kong's own body with 5xx, 429 and 409. Nothing that a fault causes is the client's fault. */
function isExpected({ status, body }: HttpAnswer): boolean {
  if (status >= 200 && status < 300) return true;
  if (status < 500 && status !== 409 && status !== 429) return false;
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    return typeof code === 'string' || typeof message === 'string';
  } catch {
    return false;
  }
}
