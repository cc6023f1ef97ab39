import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { build } from 'esbuild';
import { ROOT } from '../../infra/local/paths.ts';
import { type Service, startService } from '../../infra/local/service.ts';
import { guard } from '../../infra/local/spawn-guarded.ts';
import { createInvoke } from '../../plugins/lambda-invoke/invoke.ts';
import { createPutRecords } from '../../stream/put-records.ts';
import { latencyOf, median } from './latency.ts';
import { figureRow, formatRows, type Row } from './rows.ts';

const FUNCTION = 'pistats-bench';
const STREAM = 'pistats-bench';
const ROUNDS = 8;
const CLIENTS = ['sdk', 'own'] as const;
type Client = (typeof CLIENTS)[number];

interface Cell {
  operation: 'Invoke' | 'PutRecords';
  /** events or records in one call */
  size: number;
  connections: number;
}
const CELLS: Cell[] = [
  { operation: 'Invoke', size: 1, connections: 1 },
  { operation: 'Invoke', size: 1, connections: 16 },
  { operation: 'Invoke', size: 100, connections: 2 },
  { operation: 'PutRecords', size: 1, connections: 1 },
  { operation: 'PutRecords', size: 1, connections: 16 },
  { operation: 'PutRecords', size: 100, connections: 2 },
];

interface Plan extends Cell {
  seconds: number;
}
interface Run {
  milliseconds: number[];
  seconds: number;
  /** of the calling process, all its threads */
  cpuSeconds: number;
}

/**
 * `node tests/bench/signing.ts [SECONDS]`: calls by an AWS SDK client and by the plugins' own, in turn, each in a process
 * that does nothing else.
 */
export async function benchSigning(seconds: number, say: (line: string) => void): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-signing-'));
  const services: Service[] = [];
  const callers = new Map<Client, Caller>();
  const start = async (name: string, args: string[]) => {
    const logFile = join(dir, `${name}.log`);
    const service = await startService({ name, command: process.execPath, args, logFile });
    services.push(service);
    return `http://127.0.0.1:${service.readyLine?.port}`;
  };
  try {
    writeFileSync(join(dir, 'index.mjs'), 'export const handler = async () => ({ statusCode: 200 });');
    const limits = { memory: 128, timeoutMs: 20_000, concurrency: 16, idleMs: 60_000 };
    const definition = { name: FUNCTION, handler: 'index.handler', codeDir: dir, env: {}, ...limits };
    writeFileSync(join(dir, 'functions.json'), JSON.stringify([definition]));
    const local = join(ROOT, 'infra/local');
    const lambda = [join(local, 'lambda/main.ts'), '--functions', join(dir, 'functions.json')];
    const env = {
      ...process.env,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_LAMBDA: await start('lambda', lambda),
      AWS_ENDPOINT_URL_KINESIS: await start('kinesis', [join(local, 'kinesis/main.ts'), '--stream', STREAM]),
    };
    for (const client of CLIENTS) callers.set(client, startCaller(client, env));
    const ask = (client: Client, plan: Plan) => (callers.get(client) as Caller).run(plan);
    const rows: Row[] = [];
    for (const cell of CELLS) {
      say(nameOf(cell));
      rows.push(...(await measure(cell, seconds, ask)));
    }
    return [...rows, ...(await bundleRows())];
  } finally {
    for (const caller of callers.values()) await caller.stop();
    for (const service of services.toReversed()) await service.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const nameOf = ({ operation, size, connections }: Cell) =>
  `${operation} of ${size}, ${connections} at a time`;

type Caller = ReturnType<typeof startCaller>;

function startCaller(client: Client, env: NodeJS.ProcessEnv) {
  const child = guard('signing', fork(import.meta.filename, [client], { env }));
  const ended = once(child, 'exit');
  const died = ended.then(([code, signal]) => {
    throw new Error(`the caller ended: ${signal ?? code}`);
  });
  died.catch(() => {});
  return {
    /** one plan at a time */
    async run(plan: Plan): Promise<Run> {
      const answer = new Promise<Run>((resolve) => child.once('message', (run) => resolve(run as Run)));
      child.send(plan);
      return Promise.race([answer, died]);
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Many short runs: whatever else the machine does must meet both clients alike. */
async function measure(
  cell: Cell,
  seconds: number,
  ask: (client: Client, plan: Plan) => Promise<Run>,
): Promise<Row[]> {
  const runs = { sdk: [] as Run[], own: [] as Run[] };
  for (const client of CLIENTS) await ask(client, { ...cell, seconds });
  for (let round = 0; round < ROUNDS; round++)
    for (const client of round % 2 ? CLIENTS.toReversed() : CLIENTS)
      runs[client].push(await ask(client, { ...cell, seconds: seconds / ROUNDS }));
  const micros = (client: Client) =>
    runs[client].map(({ cpuSeconds, milliseconds }) => (cpuSeconds * 1e6) / milliseconds.length);
  const rate = (client: Client) =>
    median(runs[client].map(({ milliseconds, seconds }) => milliseconds.length / seconds));
  const p50 = (client: Client) => latencyOf(runs[client].flatMap(({ milliseconds }) => milliseconds)).p50;
  const both = (of: (client: Client) => number, digits: number) =>
    `${of('sdk').toFixed(digits)} → ${of('own').toFixed(digits)}`;
  const detail = [
    `CPU µs a call ${both((client) => median(micros(client)), 0)}`,
    `calls/s ${both(rate, 0)}`,
    `p50 ms ${both(p50, 2)}`,
    `${runs.sdk.length} pairs of runs`,
  ];
  const own = micros('own');
  const saved = median(micros('sdk').map((value, round) => 1 - (own[round] ?? Number.NaN) / value));
  return [figureRow(`${nameOf(cell)}: CPU saved`, saved * 100, '%', detail.join('; '))];
}

/** What each client adds to a plugin's bundle, bundled as plugins/build.ts does. */
async function bundleRows(): Promise<Row[]> {
  const pairs: [name: string, sdk: string, own: string][] = [
    ['Invoke', sdkModule('client-lambda', 'LambdaClient, InvokeCommand'), 'plugins/lambda-invoke/invoke.ts'],
    ['PutRecords', sdkModule('client-kinesis', 'KinesisClient, PutRecordsCommand'), 'stream/put-records.ts'],
  ];
  return Promise.all(
    pairs.map(async ([name, sdk, own]) => {
      const [before, after] = await Promise.all([bundledKb(sdk), bundledKb(`export * from './${own}';`)]);
      const detail = `kB ${before.toFixed(0)} → ${after.toFixed(0)}`;
      return figureRow(`${name}: bundle of the client`, after, 'kB', detail);
    }),
  );
}

const sdkModule = (name: string, exports: string) =>
  `export { ${exports} } from '@aws-sdk/${name}'; export { NodeHttpHandler } from '@smithy/node-http-handler';`;

async function bundledKb(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    write: false,
  });
  return (outputFiles[0]?.contents.length ?? Number.NaN) / 1_000;
}

/** About what lambda-invoke makes of a registration. */
const EVENT = JSON.stringify({ version: '2.0', routeKey: 'POST /v1/registrations', body: 'x'.repeat(900) });
const RECORD = { partitionKey: 'first:installation', data: Buffer.alloc(900, 'x'), events: 1 };

const callsOf: Record<Client, () => Record<Cell['operation'], (size: number) => Promise<unknown>>> = {
  own() {
    const invoke = createInvoke();
    const putRecords = createPutRecords();
    return {
      Invoke: async (size) => {
        const { kind } = await invoke(FUNCTION, payloadOf(size), 10_000);
        if (kind !== 'ok') throw new Error(kind);
      },
      PutRecords: (size) => putRecords(STREAM, Array(size).fill(RECORD), 10_000),
    };
  },
  sdk() {
    const options = { maxAttempts: 1 };
    const requestHandler = () => new NodeHttpHandler({ connectionTimeout: 2_000 });
    const lambda = new LambdaClient({ ...options, requestHandler: requestHandler() });
    const kinesis = new KinesisClient({ ...options, requestHandler: requestHandler() });
    return {
      Invoke: async (size) => {
        const command = new InvokeCommand({ FunctionName: FUNCTION, Payload: Buffer.from(payloadOf(size)) });
        const answer = await lambda.send(command, { abortSignal: AbortSignal.timeout(10_000) });
        JSON.parse(Buffer.from(answer.Payload ?? []).toString());
      },
      PutRecords: (size) => {
        const Records = Array.from({ length: size }, () => ({
          PartitionKey: RECORD.partitionKey,
          Data: RECORD.data,
        }));
        const command = new PutRecordsCommand({ StreamName: STREAM, Records });
        return kinesis.send(command, { abortSignal: AbortSignal.timeout(10_000) });
      },
    };
  },
};

const payloadOf = (size: number) => (size === 1 ? EVENT : `{"batch":[${Array(size).fill(EVENT).join()}]}`);

async function runPlan(plan: Plan, call: (size: number) => Promise<unknown>): Promise<Run> {
  const milliseconds: number[] = [];
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const end = startedAt + plan.seconds * 1_000;
  const connection = async () => {
    while (performance.now() < end) {
      const from = performance.now();
      await call(plan.size);
      milliseconds.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: plan.connections }, connection));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { milliseconds, seconds, cpuSeconds: (user + system) / 1e6 };
}

if (process.argv[1] === import.meta.filename) {
  if (process.send) {
    const calls = callsOf[process.argv[2] as Client]();
    process.on('message', (plan: Plan) => {
      void runPlan(plan, calls[plan.operation]).then((run) => process.send?.(run));
    });
    process.on('disconnect', () => process.exit(0));
  } else {
    const seconds = Number(process.argv[2] ?? 4);
    const busy = `load average ${loadavg()[0]?.toFixed(1)} before`;
    const rows = await benchSigning(seconds, (line) => process.stderr.write(`pistats: ${line}\n`));
    const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${busy}`;
    process.stdout.write(`\nAWS SDK → own client, ${machine}, ${seconds} s a cell\n\n${formatRows(rows)}\n`);
  }
}
