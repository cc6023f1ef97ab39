import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatKeyTag, generateKey, keyDigest } from '../../contracts/api-key.ts';
import { consumerId } from '../../contracts/consumer-id.ts';
import { ROOT } from '../../infra/local/paths.ts';
import { type Service, startService } from '../../infra/local/service.ts';
import { type CpuSeconds, cpuSeconds, cpuSince, formatCpu } from './cpu.ts';
import { formatLatency, median } from './latency.ts';
import { formatCodes, type Load, type LoadProcess, summarise } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';

const FEW = 10;
const MANY = 10_000;
const CONNECTIONS = [1, 16];
/** Many and short: whatever else the machine does must meet both alike. */
const ROUNDS = 12;
const ROUND_SHARE = 0.15;

export interface Pair {
  clients: number;
  url: string;
  keys: string[];
  pids: Record<string, number>;
  stop(): Promise<void>;
}

/** Authentication alone: a gateway with 20 keys and one with 20,000 in turn, and an answer without any function. */
export async function benchKeys(
  load: LoadProcess,
  seconds: number,
  say: (line: string) => void,
  hold: (pair: Promise<Pair>) => Promise<Pair>,
): Promise<Row[]> {
  say(`keys: starting a gateway with ${FEW} and one with ${MANY} clients`);
  const pairs: Pair[] = [];
  try {
    for (const clients of [FEW, MANY]) pairs.push(await hold(startPair(clients)));
    const [few, many] = pairs as [Pair, Pair];
    // the keys are there, but no more clients send than at the other gateway: their consumers stay cached
    const hot = { ...many, keys: many.keys.slice(0, few.keys.length) };
    // V8 optimises what has run for long: both alike
    for (const pair of [...pairs, ...pairs]) await run(load, pair, 16, seconds);
    const rows: Row[] = [];
    for (const connections of CONNECTIONS) {
      say(`keys: ${connections} connections`);
      const where = `p50, ${connections} connection${connections > 1 ? 's' : ''}`;
      const compare = (other: Pair) =>
        compareRuns(few, other, (pair) => run(load, pair, connections, seconds * ROUND_SHARE));
      const all = await compare(many);
      const used = await compare(hot);
      rows.push(
        barRow(`20,000 keys against 20: ${where}`, all.cost, '%', { atMost: 10 }, all.detail),
        figureRow(`20,000 keys, 20 of them in use: ${where}`, used.cost, '%', used.detail),
      );
    }
    return rows;
  } finally {
    for (const pair of pairs) await pair.stop();
  }
}

type Run = Load & { cpu: CpuSeconds };

async function run(load: LoadProcess, pair: Pair, connections: number, seconds: number): Promise<Run> {
  const { url, keys, pids } = pair;
  const before = cpuSeconds(pids);
  const result = await load.run({ url, method: 'GET', headers: {}, keys, connections, seconds });
  return { ...result, cpu: cpuSince(before, cpuSeconds(pids)) };
}

/** What `other` costs more at p50 (%): the median of many pairs of runs, in turn first and second. */
async function compareRuns(few: Pair, other: Pair, measure: (pair: Pair) => Promise<Run>) {
  const runs = new Map<Pair, Run[]>([few, other].map((pair) => [pair, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const pair of round % 2 ? [other, few] : [few, other]) runs.get(pair)?.push(await measure(pair));
  const p50s = (pair: Pair) => (runs.get(pair) ?? []).map(({ latency }) => latency.p50);
  const base = p50s(few);
  const cost = (median(p50s(other).map((value, round) => value / (base[round] ?? Number.NaN))) - 1) * 100;
  const both = [few, other].map((pair) => describe(pair, runs.get(pair) ?? []));
  return { cost, detail: `median of ${ROUNDS} pairs of runs; ${both.join('; ')}` };
}

function describe({ clients, keys }: Pair, runs: Run[]): string {
  const { latency, answered, codes } = summarise(runs);
  const cpu: CpuSeconds = {};
  for (const one of runs)
    for (const [name, used] of Object.entries(one.cpu)) cpu[name] = (cpu[name] ?? 0) + used;
  const what = `${keys.length} keys of ${clients * 2}`;
  return `${what}: p50/p99/p99.9 ${formatLatency(latency)} ms, CPU s per 1,000 ${formatCpu(cpu, answered)}, ${formatCodes(codes)}`;
}

/** A gateway and a plugin server with that many clients of two keys each. */
async function startPair(clients: number): Promise<Pair> {
  // a socket's path may be 107 bytes long at most
  const dir = mkdtempSync(join('/tmp', 'pistats-'));
  const services: Service[] = [];
  const stop = async () => {
    for (const service of services.toReversed()) await service.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const part = async (name: string, script: string, args: string[], env: Record<string, string>) => {
    const service = await startService({
      name,
      command: process.execPath,
      args: [join(ROOT, script), ...args],
      env: { PISTATS_SOCKET: join(dir, 'plugins.sock'), AWS_REGION: 'eu-central-1', ...env },
      logFile: join(dir, `${name}.log`),
    });
    services.push(service);
    return service;
  };
  try {
    const { deck, keys } = makeDeck(clients);
    writeFileSync(join(dir, 'deck.yaml'), deck);
    const pluginServer = await part('plugin-server', 'kong/plugin-server/main.ts', [], {
      PISTATS_METRICS_PORT: '0',
    });
    const gateway = await part(
      'gateway',
      'infra/local/gateway/main.ts',
      ['--declarative', join(dir, 'deck.yaml'), '--proxy-port', '0'],
      { PISTATS_DUMPS_DIR: join(ROOT, 'dist/plugins/dumps'), PISTATS_TRUSTED_IPS: '127.0.0.1' },
    );
    const { proxyPort } = gateway.readyLine as { proxyPort: number };
    const pids = { gateway: gateway.pid, 'plugin-server': pluginServer.pid };
    return { clients, url: `http://127.0.0.1:${proxyPort}/bench`, keys, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function makeDeck(clients: number): { deck: string; keys: string[] } {
  const keys: string[] = [];
  const consumers = Array.from({ length: clients }, (_, index) => {
    const username = `client-${index}`;
    const own = [generateKey('pk', username), generateKey('pk', username)];
    keys.push(...own);
    const tags = own.map((key) => formatKeyTag({ kind: 'pk', digest: keyDigest(key), expires: null }));
    return { username, id: consumerId(username), tags };
  });
  // client-auth as in deck.yaml
  const auth = {
    kind: 'pk',
    cache_ttl_ms: 1_000,
    cache_size: 10_000,
    rate: 200,
    burst: 5_000,
    max_senders: 100_000,
  };
  const services = [
    {
      name: 'bench',
      url: 'http://bench.invalid',
      plugins: [
        { name: 'client-auth', config: auth },
        { name: 'request-termination', config: { status_code: 200, message: 'OK' } },
      ],
      routes: [{ name: 'bench', paths: ['/bench'] }],
    },
  ];
  // JSON is YAML, and far quicker to read
  return { deck: JSON.stringify({ _format_version: '3.0', services, consumers }), keys };
}
