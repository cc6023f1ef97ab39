import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import pg from 'pg';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { stamped } from '../support/events.ts';
import { TEST_ORIGIN } from '../support/test-clients.ts';
import type { BenchStack } from './bench-stack.ts';
import { cpuSeconds, cpuSince, formatCpu } from './cpu.ts';
import { formatLatency, latencyOf, percentile } from './latency.ts';
import { registrationBody } from './load.ts';
import { barRow, type Row } from './rows.ts';

/** How many events are put, for a second of `--seconds`. */
const EVENTS_A_SECOND = 20_000;
/** Kinesis takes 500 records and 5 MB a call. */
const RECORDS_A_CALL = 500;
const EVENTS_A_CALL = 4_000;
/** Registrations a second: far below saturation, so that the way's own delay is seen. */
const CALM_RATE = 20;

/** From the local Kinesis into the analytics database, with every enrichment. */
export async function benchStorm(
  { info }: BenchStack,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const analytics = new pg.Pool({ connectionString: info.analyticsUrl, max: 2 });
  const kinesis = new KinesisClient({
    region: 'eu-central-1',
    endpoint: info.kinesisUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  try {
    const rows: Row[] = [];
    await drain(info, kinesis, analytics, 2_000, 20); // the JIT and the caches
    const count = Math.round(EVENTS_A_SECOND * seconds);
    for (const eventsARecord of [20, 1]) {
      say(`storm: ${count} events, ${eventsARecord} a record`);
      const before = cpuSeconds(info.pids);
      const { putMs, storedMs, left } = await drain(info, kinesis, analytics, count, eventsARecord);
      const cpu = cpuSince(before, cpuSeconds(info.pids));
      rows.push(
        barRow(
          `events/s into the analytics database, ${eventsARecord} a record`,
          (left * 1_000) / (storedMs - putMs),
          '/s',
          { atLeast: 8_000 },
          `the ${left} of ${count} that waited on the stream when the last was put; from the first put on ${((count * 1_000) / storedMs).toFixed(0)}/s; CPU s per 1,000 ${formatCpu(cpu, count)}`,
        ),
      );
    }
    say('storm: from the answer to the analytics database');
    rows.push(await delayRow(info, analytics, seconds * 2));
    return rows;
  } finally {
    kinesis.destroy();
    await analytics.end();
  }
}

/**
 * Puts events of a producer of its own and waits until all are stored; times from the first put on. `left`: how many
 * were not stored when the last was put, so that the rest can be told from what the putting itself costs.
 */
async function drain(
  info: RunInfo,
  kinesis: KinesisClient,
  analytics: pg.Pool,
  count: number,
  eventsARecord: number,
): Promise<{ putMs: number; storedMs: number; left: number }> {
  const producer = `bench-${randomUUID()}`;
  const records: { Data: Buffer; PartitionKey: string }[] = [];
  for (let n = 0; n < count; n += eventsARecord) {
    const events = Array.from({ length: Math.min(eventsARecord, count - n) }, (_, index) =>
      eventOf(producer, n + index + 1),
    );
    records.push({ Data: Buffer.from(JSON.stringify(events)), PartitionKey: String(n) });
  }
  const startedAt = performance.now();
  const step = Math.min(RECORDS_A_CALL, Math.floor(EVENTS_A_CALL / eventsARecord));
  for (let at = 0; at < records.length; at += step) {
    const Records = records.slice(at, at + step);
    const { FailedRecordCount } = await kinesis.send(
      new PutRecordsCommand({ StreamName: info.stream, Records }),
    );
    if (FailedRecordCount) throw new Error(`${FailedRecordCount} records refused`);
  }
  const putMs = performance.now() - startedAt;
  const query = 'select count(*)::int as n from events where producer = $1';
  const stored = async () => (await analytics.query<{ n: number }>(query, [producer])).rows[0]?.n ?? 0;
  const left = count - (await stored());
  await waitUntil('every event stored', async () => (await stored()) === count, {
    timeoutMs: 120_000,
    everyMs: 50,
  });
  return { putMs, storedMs: performance.now() - startedAt, left };
}

const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36',
];

/** A page view of a visitor of its own. */
function eventOf(producer: string, n: number): StampedEvent {
  return stamped({
    producer,
    n: String(n),
    clientip: `81.${n % 200}.${(n >> 8) % 256}.${n % 256}`,
    // builds differ among visitors, so that no cache of parsed agents answers all
    useragent: `${USER_AGENTS[n % USER_AGENTS.length]} Build/${n % 5_000}`,
    type: 'client.page_view',
    data: { url: `https://www.example.com/story/${n % 500}?utm_source=newsletter`, referrer: '' },
  });
}

/** How long after a client's 2xx its event can be read in the analytics database, at a calm rate. */
async function delayRow(info: RunInfo, analytics: pg.Pool, seconds: number): Promise<Row> {
  const answeredAt = new Map<string, number>();
  const delays = new Map<string, number>();
  const sent = Promise.all(
    Array.from({ length: CALM_RATE * seconds }, async (_, index) => {
      await delay((index * 1_000) / CALM_RATE);
      await registerOne(info, answeredAt);
    }),
  );
  let allSent = false;
  void sent.then(
    () => {
      allSent = true;
    },
    () => {},
  );
  const seen = 'select request_id from events where request_id = any($1)';
  const allStored = waitUntil(
    'every registration in the analytics database',
    async () => {
      const missing = [...answeredAt.keys()].filter((id) => !delays.has(id));
      for (const { request_id } of (await analytics.query<{ request_id: string }>(seen, [missing])).rows)
        delays.set(request_id, Date.now() - (answeredAt.get(request_id) ?? 0));
      return allSent && delays.size === answeredAt.size;
    },
    { timeoutMs: seconds * 1_000 + 60_000, everyMs: 20 },
  );
  await Promise.all([sent, allStored]);
  const latency = latencyOf([...delays.values()]);
  const p95 = percentile(Float64Array.from(delays.values()).sort(), 0.95);
  return barRow(
    '2xx to the analytics database, p95',
    p95 / 1_000,
    's',
    { atMost: 5 },
    formatLatency(latency),
  );
}

async function registerOne(info: RunInfo, answeredAt: Map<string, number>): Promise<void> {
  const response = await fetch(`${info.proxyUrl}/v1/registrations`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': info.keys.first?.pk as string,
      origin: TEST_ORIGIN,
    },
    body: registrationBody(`delay-${randomUUID()}`),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the gateway: ${response.status}`);
  answeredAt.set(response.headers.get('x-kong-request-id') as string, Date.now());
}
