import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { generateRequests, type ReplayClient, type ReplayRequest } from '../../infra/local/load/bodies.ts';
import { type Books, closeBooks } from '../../infra/local/load/stored-counts.ts';
import { openStreamReader } from '../../infra/local/load/stream-position.ts';
import { schedule } from '../../infra/local/load/surge-model.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { metric } from './counters.ts';
import { formatCodes } from './load-process.ts';
import { type Sent, sendSurge } from './surge-client.ts';

export const OVERLOAD = 2;
/** Saturates it. */
export const CLOSED_CONNECTIONS = 512;
const WARM_UP_MS = 15_000;
const MEASURE_MS = 10_000;
/** Nobody is to wait at the client. */
const OPEN_CONNECTIONS = 8_000;
/** What is not answered so long after the day will not be: the run has to end. */
const PATIENCE_S = 45;
const FUNCTION = 'function="pistats-registrations"';

/** What waits and what is under way, each second. */
export interface Depth {
  queue: number;
  inFlight: number;
}

/** A day that was sent, and what became of it. */
export interface Day {
  /** registrations */
  count: number;
  sustained: number;
  sent: Sent;
  depths: Depth[];
  books: Books;
  stored: Stored;
}

/** A day of a medium, its peak at twice what the system sustains, compressed into so many seconds; and its books. */
export async function sendDay(
  info: RunInfo,
  { weights, seconds, say }: { weights: number[]; seconds: number; say: (line: string) => void },
): Promise<Day> {
  const stream = await openStreamReader(info.kinesisUrl, info.stream);
  try {
    say('what the system sustains');
    const sustained = await measureSustained(info);
    await closeBooks(info.analyticsUrl, await stream.read());

    const count = Math.round((OVERLOAD * sustained * seconds) / peakToMean(weights, seconds));
    say(`${sustained.toFixed(0)}/s sustained; ${count} registrations in ${seconds} s`);
    const requests = [...generateRequests(benchClients(info), count, randomUUID())];
    const depths = pollDepths(info);
    const sent = await sendSurge({
      proxyUrl: info.proxyUrl,
      requests,
      moments: schedule(weights, count, seconds * 1_000),
      connections: OPEN_CONNECTIONS,
      signal: AbortSignal.timeout((seconds + PATIENCE_S) * 1_000),
    }).finally(() => depths.stop());
    say('the books');
    const books = await closeBooks(info.analyticsUrl, await stream.read());
    const stored = await countStored(info, requests);
    return { count, sustained, sent, depths: depths.list, books, stored };
  } finally {
    stream.close();
  }
}

/** Registrations per second of a closed loop, with Storm beside it: what the surge is measured against. */
export async function measureSustained(info: RunInfo): Promise<number> {
  const closed = async (ms: number) => {
    const signal = AbortSignal.timeout(ms);
    const requests = generateRequests(benchClients(info), Number.POSITIVE_INFINITY);
    const startedAt = performance.now();
    const { seconds, last } = await sendSurge({
      proxyUrl: info.proxyUrl,
      requests: takeUntil(requests, signal),
      connections: CLOSED_CONNECTIONS,
      // ends the loop by its requests: what is under way is still answered
      signal: new AbortController().signal,
    });
    const answered = seconds.reduce((sum, second) => sum + second.answered, 0);
    if (answered === 0) throw new Error(`no registration was answered 2xx: ${formatCodes(last)}`);
    return (answered * 1_000) / (performance.now() - startedAt);
  };
  await closed(WARM_UP_MS);
  return closed(MEASURE_MS);
}

function* takeUntil<T>(items: Iterable<T>, signal: AbortSignal): Generator<T> {
  for (const item of items) {
    if (signal.aborted) return;
    yield item;
  }
}

const benchClients = (info: RunInfo): ReplayClient[] =>
  ['first', 'second'].map((name) => ({
    name,
    properties: ['www', 'app'],
    pk: info.keys[name]?.pk as string,
  }));

/** The busiest second against the mean one, of the shape compressed into so many seconds. */
export function peakToMean(weights: number[], seconds: number): number {
  const perSecond = Array.from({ length: seconds }, () => 0);
  const count = 50_000;
  for (const moment of schedule(weights, count, seconds * 1_000))
    (perSecond[Math.min(seconds - 1, Math.floor(moment / 1_000))] as number)++;
  return (Math.max(...perSecond) * seconds) / count;
}

/** One look a second at the plugin server; late ones are left out where it is too busy. */
function pollDepths(info: RunInfo) {
  const list: Depth[] = [];
  const startedAt = performance.now();
  const look = async () => {
    const index = Math.floor((performance.now() - startedAt) / 1_000);
    const [queue, inFlight] = await Promise.all([
      metric(info, 'pistats_queue_depth', FUNCTION),
      metric(info, 'pistats_invocations_in_flight', FUNCTION),
    ]).catch(() => [Number.NaN, Number.NaN]);
    list[index] = { queue: queue ?? Number.NaN, inFlight: inFlight ?? Number.NaN };
  };
  const timer = setInterval(() => void look(), 1_000);
  return { list, stop: () => clearInterval(timer) };
}

export interface Stored {
  installations: number;
  /** devices in the registry, and facts of theirs there */
  devices: number;
  facts: number;
  /** rows of those devices in the analytics database, and how many devices they are of */
  events: number;
  eventDevices: number;
}

async function countStored(info: RunInfo, requests: ReplayRequest[]): Promise<Stored> {
  const installations = [...new Set(requests.map(({ installationId }) => installationId))];
  const devices = await query<{ id: string }>(
    info.registryUrl,
    'select id from device where installation_id = any($1)',
    [installations],
  );
  const ids = devices.map(({ id }) => id);
  const [facts] = await query<{ n: number }>(
    info.registryUrl,
    `select count(*)::int as n from fact where data ->> 'deviceId' = any($1)`,
    [ids],
  );
  const [events] = await query<{ n: number; devices: number }>(
    info.analyticsUrl,
    'select count(*)::int as n, count(distinct device_id)::int as devices from events where device_id = any($1)',
    [ids],
  );
  return {
    installations: installations.length,
    devices: ids.length,
    facts: facts?.n ?? Number.NaN,
    events: events?.n ?? Number.NaN,
    eventDevices: events?.devices ?? Number.NaN,
  };
}

async function query<T extends pg.QueryResultRow>(
  connectionString: string,
  text: string,
  values: unknown[],
): Promise<T[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
