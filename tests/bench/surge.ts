import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { generateRequests, type ReplayClient, type ReplayRequest } from '../../infra/local/replay/bodies.ts';
import { type Books, closeBooks } from '../../infra/local/replay/books.ts';
import { openStreamReader } from '../../infra/local/replay/stream-position.ts';
import { mediaEventDay, schedule } from '../../infra/local/replay/surge-model.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import type { BenchStack } from './bench-stack.ts';
import { metric } from './counters.ts';
import { formatLatency, latencyOf, percentile } from './latency.ts';
import { formatCodes } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';
import { drawSurge } from './surge-chart.ts';
import { type Second, type Sent, sendSurge } from './surge-client.ts';

const DAY_SECONDS = 120;
const OVERLOAD = 2;
/** Saturates it. */
const CLOSED_CONNECTIONS = 512;
const WARM_UP_MS = 15_000;
const MEASURE_MS = 10_000;
/** Nobody is to wait at the client. */
const OPEN_CONNECTIONS = 8_000;
/** What is not answered by then will not be: the run has to end. */
const PATIENCE_MS = (DAY_SECONDS + 45) * 1_000;
const FUNCTION = 'function="pistats-registrations"';

export interface SurgeOptions {
  /** requests a minute, see readSurgeFile; absent: the built-in media-event day */
  weights: number[] | undefined;
  /** where the picture goes */
  svg: string | undefined;
  say: (line: string) => void;
}

/** What waits and what is under way, each second. */
export interface Depth {
  queue: number;
  inFlight: number;
}

/** A day of a medium in two minutes, its peak at twice what the system sustains, and the books at its end. */
export async function benchSurge({ info }: BenchStack, options: SurgeOptions): Promise<Row[]> {
  const { weights = mediaEventDay(), svg, say } = options;
  const stream = await openStreamReader(info.kinesisUrl, info.stream);
  try {
    say('surge: what the system sustains');
    const sustained = await measureSustained(info);
    await closeBooks(info.analyticsUrl, await stream.read());

    const count = Math.round((OVERLOAD * sustained * DAY_SECONDS) / peakToMean(weights, DAY_SECONDS));
    say(`surge: ${sustained.toFixed(0)}/s sustained; ${count} registrations in ${DAY_SECONDS} s`);
    const requests = [...generateRequests(benchClients(info), count, randomUUID())];
    const depths = pollDepths(info);
    const sent = await sendSurge({
      proxyUrl: info.proxyUrl,
      requests,
      moments: schedule(weights, count, DAY_SECONDS * 1_000),
      connections: OPEN_CONNECTIONS,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).finally(() => depths.stop());
    say('surge: the books');
    const books = await closeBooks(info.analyticsUrl, await stream.read());
    const stored = await countStored(info, requests);
    if (svg) writeFileSync(svg, drawSurge(sent.seconds, depths.list, sustained));
    return surgeRows({ count, sustained, sent, depths: depths.list, books, stored });
  } finally {
    stream.close();
  }
}

/** Registrations per second of a closed loop, with Storm beside it: what the surge is measured against. */
async function measureSustained(info: RunInfo): Promise<number> {
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

interface Stored {
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

interface Outcome {
  count: number;
  sustained: number;
  sent: Sent;
  depths: Depth[];
  books: Books;
  stored: Stored;
}

function surgeRows({ count, sustained, sent, depths, books, stored }: Outcome): Row[] {
  const { seconds } = sent;
  const sum = (pick: (second: Second) => number) => seconds.reduce((total, one) => total + pick(one), 0);
  const most = (pick: (second: Second) => number) => Math.max(...seconds.map(pick));
  const answered = sum((second) => second.answered);
  const latencies = seconds.map(({ milliseconds }) => Float64Array.from(milliseconds).sort());
  const worst = Math.max(...latencies.filter(({ length }) => length > 0).map((one) => percentile(one, 0.99)));
  const deepest = (pick: (depth: Depth) => number) =>
    Math.max(...depths.filter((depth) => depth && !Number.isNaN(pick(depth))).map(pick));
  const { installations, devices, facts, events, eventDevices } = stored;
  const once = [devices, facts, events, eventDevices].every((value) => value === installations);
  const balanced =
    books.missing.length === 0 &&
    books.events_rejected === 0 &&
    books.events_received === books.events_stored + books.events_duplicate;
  return [
    barRow(
      `surge at ${OVERLOAD} × capacity: registrations answered 2xx in the end`,
      (answered / count) * 100,
      '%',
      { atLeast: 100 },
      `${answered} of ${count}; last answers ${formatCodes(sent.last)}; attempts ${formatCodes(sent.attempts)}`,
    ),
    barRow(
      'the same: installations not stored exactly once',
      once ? 0 : Math.max(...[devices, facts, events, eventDevices].map((n) => Math.abs(n - installations))),
      '',
      { atMost: 0 },
      `${installations} installations: ${devices} devices and ${facts} facts in the registry, ${events} events of ${eventDevices} devices in the analytics database`,
    ),
    barRow(
      'the same: events on the stream that are in no table, or refused',
      balanced ? 0 : Math.max(1, books.missing.length + books.events_rejected),
      '',
      { atMost: 0 },
      `${books.events_received} on the stream since the start, ${books.events_stored} stored, ${books.events_duplicate} duplicates of repeated registrations, ${books.events_rejected} rejected`,
    ),
    figureRow(
      'sustained, Storm beside it',
      sustained,
      '/s',
      `${CLOSED_CONNECTIONS} connections in a closed loop`,
    ),
    figureRow(
      'surge: most offered in a second',
      most(({ offered }) => offered),
      '/s',
      `most answered ${most((second) => second.answered)}/s; ${sum(({ shed }) => shed)} attempts shed, ${sum(({ retried }) => retried)} retried, ${sum(({ failed }) => failed)} failed`,
    ),
    figureRow(
      "surge: worst second's p99, from due to 2xx",
      worst / 1_000,
      's',
      `of all p50/p99/p99.9 ${formatLatency(latencyOf(seconds.flatMap(({ milliseconds }) => milliseconds)))} ms; queue at most ${deepest(({ queue }) => queue)}, open ${most(({ open }) => open)}, ${deepest(({ inFlight }) => inFlight)} invocations in flight; the last 2xx at ${seconds.findLastIndex((second) => second.answered > 0) + 1} s`,
    ),
  ];
}
