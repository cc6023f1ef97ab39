import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TOPOLOGY_FILE } from '../../../storm/paths.ts';
import { freePort } from '../free-port.ts';
import { type Service, startService } from '../service.ts';
import { endStaleProcesses, STACK_VARIABLE } from '../stale.ts';
import { Interrupted, StopError } from '../stop-error.ts';
import { waitUntil } from '../wait-until.ts';
import { clusterEnv, type Daemon, daemonCommand, submitCommand } from './cluster/daemon-commands.ts';
import { writeStormHome } from './cluster/storm-home.ts';
import { topologyReady } from './topology-ready.ts';

export interface StormClusterOptions {
  /** Storm's home, data and logs; wiped at the start */
  dataDir: string;
  /** for the components: ANALYTICS_URL, AWS_*, PISTATS_STREAM, PISTATS_POLL_MS */
  env: Record<string, string | undefined> & { ANALYTICS_URL: string };
  /** how many workers may run; default 2 */
  slots?: number;
  /** default: topology.yaml */
  topologyFile?: string;
  /** aborted: the start ends with a StopError, and so does what it started */
  signal?: AbortSignal;
  say: (line: string) => void;
}

export interface StormCluster {
  services: Record<Daemon, Service>;
  /** that something listens on, all on 127.0.0.1 */
  ports: number[];
  stop(): Promise<void>;
}

const SUBMIT_TIMEOUT_MS = 90_000;
const run = promisify(execFile);

/**
 * ZooKeeper, nimbus and a supervisor as processes of their own on 127.0.0.1, each started again when it ends, with
 * the topology submitted to them. Resolves when spout and store bolt have reported to the analytics database.
 */
export async function startStormCluster(options: StormClusterOptions): Promise<StormCluster> {
  const { dataDir, say } = options;
  const [zookeeper, nimbus, supervisor, ...slots] = (await Promise.all(
    Array.from({ length: 3 + (options.slots ?? 2) }, freePort),
  )) as [number, number, number, ...number[]];
  await endStaleProcesses(dataDir);
  writeStormHome(dataDir, { zookeeper, nimbus, supervisor, slots });
  // found again by it: workers outlive their supervisor, and the service below knows only the latest
  const env = { ...clusterEnv(options.env), [STACK_VARIABLE]: dataDir };
  const services = new Map<Daemon, Service>();
  const stop = async () => {
    // workers first: they would complain of a nimbus that went before them
    for (const daemon of ['supervisor', 'nimbus', 'zookeeper'] as const) await services.get(daemon)?.stop();
    await endStaleProcesses(dataDir);
  };
  const daemon = async (name: Daemon, port: number) => {
    say(`starting Storm's ${name === 'zookeeper' ? 'ZooKeeper' : name}`);
    const service = await startService({
      name,
      ...daemonCommand(dataDir, name),
      env,
      cwd: dataDir,
      logFile: join(dataDir, 'logs', `${name}.log`),
      signal: options.signal,
      ready: (_, signal) => untilListening(name, port, signal),
    });
    services.set(name, service);
  };
  const startAll = async () => {
    await daemon('zookeeper', zookeeper);
    await daemon('nimbus', nimbus);
    await daemon('supervisor', supervisor);
    say('submitting the topology');
    const startedAt = Date.now();
    await submit(dataDir, options.topologyFile ?? TOPOLOGY_FILE, env);
    await topologyReady(options.env.ANALYTICS_URL, startedAt, { stop }, join(dataDir, 'logs'));
  };
  try {
    await Promise.race([startAll(), interruption(options.signal)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    services: Object.fromEntries(services) as Record<Daemon, Service>,
    ports: [zookeeper, nimbus, supervisor, ...slots],
    stop,
  };
}

function interruption(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(new Interrupted());
    if (signal?.aborted) interrupt();
    signal?.addEventListener('abort', interrupt);
  });
}

/** Until nimbus has become leader it takes no topology. */
async function submit(dataDir: string, topologyFile: string, env: Record<string, string | undefined>) {
  const { command, args } = submitCommand(dataDir, topologyFile);
  const deadline = performance.now() + SUBMIT_TIMEOUT_MS;
  for (;;) {
    try {
      await run(command, args, {
        cwd: dataDir,
        env: { ...process.env, ...env },
        maxBuffer: 16 * 1024 * 1024,
      });
      return;
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string };
      if (/NimbusLeaderNotFound|Connection refused/.test(stderr) && performance.now() < deadline) continue;
      const reason = stderr.split('\n').findLast((line) => /Exception|Error/.test(line)) ?? message;
      throw new StopError(`the topology could not be submitted to Storm: ${reason.trim()}`);
    }
  }
}

async function untilListening(name: string, port: number, signal: AbortSignal): Promise<void> {
  const connected = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  await waitUntil(name, connected, { timeoutMs: 90_000, everyMs: 200, signal });
}
