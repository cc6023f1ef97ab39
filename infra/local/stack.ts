import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrateAnalytics } from '../../analytics/migrate.ts';
import { STOP_TIMEOUT_MS } from '../../kong/plugin-server/server.ts';
import { migrateRegistry } from '../../prisma/migrate.ts';
import { readDeckModel } from '../deck/deck-model.ts';
import { brokenRelations, relationSentence, relations } from '../relations.ts';
import { ensureFunctionLogin, ensureTopologyLogin } from './database-roles.ts';
import { followDeck } from './follow-deck.ts';
import { freePort, requirePort } from './free-port.ts';
import { CONCURRENCY, deviceTokenSecrets, functionDefinitions } from './functions.ts';
import { LOCAL_AWS } from './local-aws.ts';
import { ROOT } from './paths.ts';
import { MAX_CONNECTIONS, startPostgres } from './postgres.ts';
import { closeProcessList, openProcessList } from './process-list.ts';
import { startRedis } from './redis.ts';
import { requireDataFolder } from './require-writable.ts';
import type { RunInfo } from './run-info.ts';
import { type Service, type ServiceSpec, startService } from './service.ts';
import type { Tools } from './setup.ts';
import { guardFolder } from './spawn-guarded.ts';
import { type GatewayKind, type StackGateway, startStackGateway } from './stack-gateway.ts';
import { endStaleProcesses, runningStack, STACK_VARIABLE } from './stale.ts';
import { Interrupted, StopError } from './stop-error.ts';
import { type RunningTopology, startTopology } from './storm/run-topology.ts';
import { topologyReady } from './storm/topology-ready.ts';

export const STREAM = 'pistats-events';
export interface StackOptions {
  tools: Tools;
  dataDir: string;
  /** 0: a free one */
  proxyPort: number;
  deckFile: string;
  /** default: embedded */
  gateway?: GatewayKind;
  clients: { name: string; firebaseProject?: string; keys: Record<string, string> }[];
  /** what puts the clients into the registry, once it is migrated */
  seed: (registryUrl: string) => Promise<void>;
  /** false: without fsync in PostgreSQL, and the stream in memory (tests) */
  durable: boolean;
  shards?: number;
  /** false: no topology; what is forwarded stays on the stream (benchmarks of the gateway) */
  storm?: boolean;
  /** the address that the plugin server and the topology are given for a service at `url`: a test stands between */
  awsEndpoint?: (service: 'kinesis' | 'lambda', url: string) => Promise<string>;
  /** laid over the plugin server's environment */
  pluginServerEnv?: ServiceSpec['env'];
  /** aborted before all parts are ready: what was started is stopped, and the start ends with `Interrupted` */
  signal?: AbortSignal;
  say: (line: string) => void;
}

export interface Stack {
  info: RunInfo;
  services: Map<string, Service>;
  /** absent without Storm */
  topology?: RunningTopology;
  stop(): Promise<void>;
}

/** What PostgreSQL's connections are for besides the functions: the topology, migrations, operators, its own reserve. */
const OTHER_CONNECTIONS = 30;

/** @throws StopError where a constant or a setting of deck.yaml does not fit to another */
function requireRelations(deckFile: string): void {
  const deck = readDeckModel(readFileSync(deckFile, 'utf8'), deckFile);
  const [unfit] = brokenRelations(
    relations(deck, {
      concurrency: Object.values(CONCURRENCY),
      maxConnections: MAX_CONNECTIONS,
      reserved: OTHER_CONNECTIONS,
    }),
  );
  if (unfit) throw new StopError(`settings that do not fit: ${relationSentence(unfit)}.`, 2);
}

/** Starts every part as a process of its own and resolves when all are ready; stops what it started when one is not. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDir, say } = options;
  requireRelations(options.deckFile);
  requireDataFolder(dataDir);
  refuseSecond(runningStack(dataDir));
  const stale = await endStaleProcesses(dataDir);
  if (stale > 0) say(`ended ${stale} processes that an earlier run had left behind`);
  if (options.proxyPort) await requirePort(options.proxyPort, 'PISTATS_PORT');
  if (!openProcessList(dataDir)) refuseSecond(runningStack(dataDir));
  process.env[STACK_VARIABLE] = dataDir;

  const services = new Map<string, Service>();
  // a socket's path may be 107 bytes long at most, a data folder's may not care
  const socketDir = mkdtempSync(join('/tmp', 'pistats-'));
  guardFolder(socketDir);
  let topology: RunningTopology | undefined;
  let following: { stop(): void } | undefined;
  const stop = async () => {
    following?.stop();
    // from the front to the back, so that what was accepted still flows on
    for (const name of ['gateway', 'plugin-server', 'lambda']) await services.get(name)?.stop();
    await topology?.stop();
    await Promise.all(['kinesis', 'fcm', 'redis', 'postgresql'].map((name) => services.get(name)?.stop()));
    rmSync(join(dataDir, 'run.json'), { force: true });
    rmSync(socketDir, { recursive: true, force: true });
    closeProcessList(dataDir);
    delete process.env[STACK_VARIABLE];
  };
  try {
    const { info, gateway } = await startParts(
      options,
      services,
      join(socketDir, 'plugins.sock'),
      (running) => {
        topology = running;
      },
    );
    writeRunInfo(dataDir, info);
    following = followDeck(options.deckFile, gateway.reload, say);
    return { info, services, topology, stop };
  } catch (error) {
    await stop();
    throw options.signal?.aborted ? new Interrupted() : error;
  }
}

async function startParts(
  options: StackOptions,
  services: Map<string, Service>,
  socket: string,
  setTopology: (topology: RunningTopology) => void,
): Promise<{ info: RunInfo; gateway: StackGateway }> {
  const { dataDir, say, signal } = options;
  const logDir = join(dataDir, 'logs');
  const spoolDir = join(dataDir, 'spool');
  const log = (name: string) => join(logDir, `${name}.log`);
  const keep = <T extends { service: Service }>(part: T): T => {
    services.set(part.service.name, part.service);
    return part;
  };
  /** A part written in TypeScript that prints a ready line. */
  const part = async (
    name: string,
    script: string,
    args: string[],
    env: ServiceSpec['env'] = {},
    stopTimeoutMs?: number,
  ) => {
    const service = await startService({
      name,
      command: process.execPath,
      args: [join(ROOT, script), ...args],
      env,
      logFile: log(name),
      stopTimeoutMs,
      signal,
    });
    services.set(name, service);
    return service.readyLine as Record<string, unknown>;
  };
  const [pgPort, redisPort, kinesisPort, fcmPort, lambdaPort, metricsPort] = (await Promise.all(
    Array.from({ length: 6 }, freePort),
  )) as [number, number, number, number, number, number];
  const projects = options.clients.flatMap((client) => client.firebaseProject ?? []);
  const fcmDir = join(dataDir, 'fcm');

  say('starting PostgreSQL, Redis, the Kinesis service and the FCM stand-in');
  const kinesisPath = options.durable ? ['--path', join(dataDir, 'kinesis')] : [];
  const [postgres, redis, , fcm] = await settled([
    startPostgres({
      ...{ dataDir, port: pgPort, logFile: log('postgresql'), durable: options.durable, signal },
    }).then(keep),
    startRedis({ binary: options.tools.redisServer, port: redisPort, logFile: log('redis'), signal }).then(
      keep,
    ),
    part('kinesis', 'infra/local/kinesis/main.ts', [
      ...['--port', String(kinesisPort), '--stream', STREAM, '--shards', String(options.shards ?? 4)],
      ...kinesisPath,
    ]),
    part('fcm', 'infra/local/fcm/main.ts', [
      ...['--port', String(fcmPort), '--dir', fcmDir],
      ...projects.flatMap((project) => ['--project', project]),
    ]),
  ]);

  signal?.throwIfAborted();
  say('applying the migrations of the registry and of the analytics database');
  const registryUrl = postgres.url('registry');
  const analyticsUrl = postgres.url('analytics');
  await settled([migrateRegistry(registryUrl), migrateAnalytics(analyticsUrl)]);
  const login = await ensureFunctionLogin(registryUrl, dataDir);
  const topologyLogin = await ensureTopologyLogin(analyticsUrl, dataDir);
  await options.seed(registryUrl);

  const kinesisUrl = `http://127.0.0.1:${kinesisPort}`;
  const lambdaUrl = `http://127.0.0.1:${lambdaPort}`;
  const endpoint = options.awsEndpoint ?? (async (_, url) => url);
  const aws = {
    ...LOCAL_AWS,
    AWS_ENDPOINT_URL_KINESIS: await endpoint('kinesis', kinesisUrl),
    AWS_ENDPOINT_URL_LAMBDA: await endpoint('lambda', lambdaUrl),
  };
  const functionsFile = join(dataDir, 'functions.json');
  const definitions = functionDefinitions({
    databaseUrl: postgres.url('registry', login),
    redisUrl: redis.url,
    deviceTokenSecrets: deviceTokenSecrets(dataDir),
    firebaseCredentialsDir: String(fcm.credentialsDir),
    fcmCa: String(fcm.ca),
    fcmPort,
  });
  writeFileSync(functionsFile, JSON.stringify(definitions, null, 2), { mode: 0o600 });

  signal?.throwIfAborted();
  const storm = options.storm ?? true;
  say(`starting the Lambda service, the plugin server, the gateway${storm ? ' and Apache Storm' : ''}`);
  const started = Date.now();
  const topology = storm
    ? startTopology({
        dataDir: join(dataDir, 'storm'),
        logFile: log('storm'),
        env: { ...aws, ANALYTICS_URL: postgres.url('analytics', topologyLogin), PISTATS_STREAM: STREAM },
      })
    : undefined;
  if (topology) setTopology(topology);
  const [, , gateway] = await settled([
    part('lambda', 'infra/local/lambda/main.ts', [
      '--functions',
      functionsFile,
      '--port',
      String(lambdaPort),
    ]),
    part(
      'plugin-server',
      'kong/plugin-server/main.ts',
      [],
      {
        ...aws,
        PISTATS_SOCKET: socket,
        PISTATS_METRICS_PORT: String(metricsPort),
        PISTATS_NODE: 'local',
        PISTATS_SPOOL_DIR: spoolDir,
        ...options.pluginServerEnv,
      },
      STOP_TIMEOUT_MS,
    ),
    startStackGateway({
      kind: options.gateway ?? 'embedded',
      deckFile: options.deckFile,
      proxyPort: options.proxyPort,
      socket,
      redisPort,
      dataDir,
      logFile: log('gateway'),
      signal,
    }).then(keep),
    topology && topologyReady(analyticsUrl, started, topology, log('storm'), signal),
  ]);

  const pids = Object.fromEntries([...services].map(([name, service]) => [name, service.pid]));
  const info: RunInfo = {
    proxyUrl: `http://127.0.0.1:${gateway.proxyPort}`,
    adminUrl: postgres.url('postgres'),
    registryUrl,
    analyticsUrl,
    redisUrl: redis.url,
    lambdaUrl,
    kinesisUrl,
    stream: STREAM,
    fcmUrl: `https://127.0.0.1:${fcmPort}`,
    fcmCa: String(fcm.ca),
    pluginSocket: socket,
    spoolDir,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    deckFile: options.deckFile,
    keys: Object.fromEntries(options.clients.map((client) => [client.name, client.keys])),
    pids: { ...pids, ...(topology ? { storm: topology.pid } : {}), stack: process.pid },
    logDir,
  };
  return { info, gateway };
}

/** As Promise.all, but only after every part has come to rest: a part must not start behind a stop. */
async function settled<T extends readonly unknown[]>(
  parts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(parts);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
}

function refuseSecond(running: number | undefined): void {
  if (running !== undefined && running !== process.pid)
    throw new StopError(`piStats already runs here (process ${running}); stop it first: kill ${running}`);
}

function writeRunInfo(dataDir: string, info: RunInfo): void {
  const file = join(dataDir, 'run.json');
  writeFileSync(`${file}.new`, JSON.stringify(info, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
