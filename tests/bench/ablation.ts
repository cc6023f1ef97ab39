import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createHttpClient } from '../../infra/local/load/http-client.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { TEST_ORIGIN } from '../support/test-clients.ts';
import { type AblatedGateway, startAblatedGateway } from './ablated-gateway.ts';
import { type BenchStack, type Mode, registrationPlan } from './bench-stack.ts';
import { metric } from './counters.ts';
import { formatLatency, median } from './latency.ts';
import { registrationBody } from './load.ts';
import { formatCodes, type Load, type LoadProcess, startLoadProcess, summarise } from './load-process.ts';
import { figureRow, type Row } from './rows.ts';

const CONNECTIONS = 256;
/** Many: others' work on the machine comes and goes, and pairs within a round are compared. */
const ROUNDS = 5;
const FLOOD_ROUNDS = 3;
/** Devices that register again: more than connections, so that none is under way twice. */
const KNOWN = 1_500;
/** Enough open requests that a queue forms behind the batches under way. */
const FLOOD_CONNECTIONS = 2_048;
const QUIET_RATE = 15;

interface AblationOptions {
  seconds: number;
  say: (line: string) => void;
  hold: (part: Promise<AblatedGateway>) => Promise<AblatedGateway>;
}

const ALL_ON = 'all on';
const ONE_CALL = 'PDK calls one at a time';
const UNCACHED = 'key cache off (cache_ttl_ms 0)';
const UNCHANGED = 'registered again, unchanged';

interface Variant {
  name: string;
  /** the variant it is compared with */
  against: string;
  run(): Promise<Load>;
  runs: Load[];
}

/** Each of what makes it fast switched off alone, against all on, in turn in one run. */
export async function benchAblation(
  { info }: BenchStack,
  load: LoadProcess,
  { seconds, say, hold }: AblationOptions,
): Promise<Row[]> {
  say('ablation: starting two more gateways');
  const preload = join(import.meta.dirname, 'one-call-preload.ts');
  const oneCall = await hold(startAblatedGateway(info, { preload }));
  const uncached = await hold(startAblatedGateway(info, { plugins: { 'client-auth': { cache_ttl_ms: 0 } } }));
  let count = 0;
  const fresh = (at: RunInfo, mode: Mode = 'on') => ({
    run: () =>
      load.run(
        registrationPlan(at, {
          mode,
          connections: CONNECTIONS,
          seconds,
          registrations: { prefix: `ablation-${process.pid}-${++count}` },
        }),
      ),
    runs: [] as Load[],
  });
  const devices = await knownDevices(info);
  const again = (changed: boolean) => ({ run: () => devices.again(changed, seconds), runs: [] as Load[] });
  const variants: Variant[] = [
    { name: ALL_ON, against: ALL_ON, ...fresh(info) },
    { name: 'coalescing off (max_size 1)', against: ALL_ON, ...fresh(info, 'off') },
    { name: ONE_CALL, against: ALL_ON, ...fresh(oneCall.info) },
    { name: UNCACHED, against: ALL_ON, ...fresh(uncached.info) },
    { name: UNCHANGED, against: UNCHANGED, ...again(false) },
    { name: 'registered again, changed each time', against: UNCHANGED, ...again(true) },
  ];
  try {
    say('ablation: warming up');
    for (const { run } of variants) await run();
    const tripsBefore = await tripsOf([info, oneCall.info, uncached.info]);
    for (let round = 1; round <= ROUNDS; round++)
      for (const { name, run, runs } of round % 2 ? variants : variants.toReversed()) {
        say(`ablation: round ${round} of ${ROUNDS}, ${name}`);
        runs.push(await run());
      }
    const tripsAfter = await tripsOf([info, oneCall.info, uncached.info]);
    const trips = tripsAfter.map((after, index) => {
      const before = tripsBefore[index] as Trips;
      return (after.sum - before.sum) / (after.requests - before.requests);
    });
    return [...speedRows(variants, trips), ...(await fairnessRows(info, load, seconds, say))];
  } finally {
    devices.close();
    await uncached.stop();
    await oneCall.stop();
  }
}

interface Trips {
  sum: number;
  requests: number;
}

/** PDK round trips of each plugin server, and how many requests they were for. */
const tripsOf = (infos: RunInfo[]): Promise<Trips[]> =>
  Promise.all(
    infos.map(async (info) => ({
      sum: await metric(info, 'pistats_pdk_round_trips_sum'),
      requests: await metric(info, 'pistats_pdk_round_trips_count', 'plugin="client-auth"'),
    })),
  );

/** `trips`: PDK round trips a request, of the stack's own gateway, of the one-call one and of the uncached one. */
function speedRows(variants: Variant[], trips: number[]): Row[] {
  const runsOf = (name: string) => variants.find((variant) => variant.name === name)?.runs ?? [];
  const tripsOf: Record<string, number | undefined> = {
    [ALL_ON]: trips[0],
    [ONE_CALL]: trips[1],
    [UNCACHED]: trips[2],
  };
  return variants.map(({ name, against, runs }) => {
    const ratio = (figure: (load: Load) => number) =>
      median(runs.map((run, round) => figure(run) / figure(runsOf(against)[round] as Load))).toFixed(2);
    const { latency, codes } = summarise(runs);
    const detail = [
      `p50/p99/p99.9 ${formatLatency(latency)} ms`,
      ...(name === against
        ? []
        : [
            `against "${against}": ${ratio(({ perSecond }) => perSecond)} × the registrations/s, ${ratio((run) => run.latency.p50)} × the p50`,
          ]),
      ...(tripsOf[name] === undefined ? [] : [`${tripsOf[name].toFixed(1)} PDK round trips each`]),
      `runs ${runs.map((one) => one.perSecond.toFixed(0)).join(', ')}/s`,
      formatCodes(codes),
    ];
    return figureRow(
      `ablation: ${name}`,
      median(runs.map(({ perSecond }) => perSecond)),
      '/s',
      detail.join('; '),
    );
  });
}

interface KnownDevices {
  /** Registers them again in turn; `changed`: with another locale than the time before. */
  again(changed: boolean, seconds: number): Promise<Load>;
  close(): void;
}

/** Devices that hold their token, as an SDK would: without it a change is refused. */
async function knownDevices(info: RunInfo): Promise<KnownDevices> {
  const http = createHttpClient(info.proxyUrl, CONNECTIONS);
  const ids = Array.from({ length: KNOWN }, (_, index) => `known-${process.pid}-${index}`);
  const tokens = new Map<string, string>();
  const locales = new Map<string, string>();
  let turn = 0;
  const register = async (id: string, changed: boolean) => {
    const before = locales.get(id) ?? 'de-DE';
    const locale = changed ? (before === 'de-DE' ? 'de-AT' : 'de-DE') : before;
    locales.set(id, locale);
    const body = JSON.parse(registrationBody(id)) as { device: { locale: string } };
    body.device.locale = locale;
    const token = tokens.get(id);
    const headers = {
      'x-api-key': info.keys.first?.pk as string,
      origin: TEST_ORIGIN,
      'x-forwarded-for': `81.${randomInt(2, 250)}.${randomInt(256)}.${randomInt(256)}`,
      ...(token ? { 'x-device-token': token } : {}),
    };
    const answer = await http.send('POST', '/v1/registrations', headers, JSON.stringify(body));
    if (answer?.status === 201)
      tokens.set(id, (JSON.parse(answer.body) as { deviceToken: string }).deviceToken);
    return answer?.status ?? 0;
  };
  for (let from = 0; from < KNOWN; from += CONNECTIONS)
    await Promise.all(ids.slice(from, from + CONNECTIONS).map((id) => register(id, false)));
  return {
    async again(changed, seconds) {
      const startedAt = performance.now();
      const end = startedAt + seconds * 1_000;
      const codes: Record<number, number> = {};
      const milliseconds: number[] = [];
      const connection = async () => {
        while (performance.now() < end) {
          const from = performance.now();
          const code = await register(ids[turn++ % KNOWN] as string, changed);
          codes[code] = (codes[code] ?? 0) + 1;
          if (code === 200) milliseconds.push(performance.now() - from);
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, connection));
      const spent = (performance.now() - startedAt) / 1_000;
      const sent = Object.values(codes).reduce((sum, n) => sum + n, 0);
      return summarise([{ sent, codes, seconds: spent, milliseconds }]);
    },
    close: () => http.close(),
  };
}

/**
 * A client that keeps to its rate beside a flood. First in, first out is what the queue does within one client: there
 * the quiet one sends with the key of the one that floods.
 */
async function fairnessRows(
  info: RunInfo,
  load: LoadProcess,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const flood = startLoadProcess();
  let count = 0;
  const plan = (client: string, rest: { rate?: number; connections: number }) =>
    registrationPlan(info, {
      ...rest,
      seconds: seconds * 2,
      clients: [client],
      registrations: { prefix: `ablation-fair-${process.pid}-${++count}` },
    });
  const ways = [
    { name: 'the fair queue', quiet: 'second', beside: [] as Load[], floods: [] as Load[] },
    { name: 'first in, first out', quiet: 'first', beside: [] as Load[], floods: [] as Load[] },
  ];
  try {
    for (let round = 1; round <= FLOOD_ROUNDS; round++)
      for (const { name, quiet, beside, floods } of round % 2 ? ways : ways.toReversed()) {
        say(`ablation: round ${round} of ${FLOOD_ROUNDS}, a flood and ${name}`);
        const [one, loud] = await Promise.all([
          load.run(plan(quiet, { rate: QUIET_RATE, connections: 64 })),
          flood.run(plan('first', { connections: FLOOD_CONNECTIONS })),
        ]);
        beside.push(one);
        floods.push(loud);
      }
  } finally {
    await flood.stop();
  }
  return ways.map(({ name, beside, floods }) => {
    const [quiet, loud] = [summarise(beside), summarise(floods)];
    return figureRow(
      `ablation: p50 of ${QUIET_RATE}/s beside a flood, ${name}`,
      quiet.latency.p50,
      'ms',
      `p50/p99/p99.9 ${formatLatency(quiet.latency)} ms, ${formatCodes(quiet.codes)}; the flood of ${FLOOD_CONNECTIONS} connections ${loud.perSecond.toFixed(0)}/s, ${formatLatency(loud.latency)} ms`,
    );
  });
}
