import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CLASS_PATH_FILE, TOPOLOGY_FILE, TOPOLOGY_JAR } from '../../../storm/paths.ts';
import { signalGroup } from '../service.ts';
import { spawnGuarded } from '../spawn-guarded.ts';
import { LAUNCHER_CLASSES, LOCAL_STORM_DIR } from './paths.ts';

export interface TopologyOptions {
  /** for the components: ANALYTICS_URL, AWS_*, PISTATS_STREAM, PISTATS_POLL_MS; laid over this process's own */
  env: Record<string, string | undefined>;
  logFile: string;
  /** Storm's scratch files; wiped at every start */
  dataDir: string;
  /** default: topology.yaml */
  topologyFile?: string;
}

export interface RunningTopology {
  /** of the JVM that runs at the moment */
  readonly pid: number;
  readonly restarts: number;
  stop(): Promise<void>;
  /** resolves when the topology was stopped and its processes are gone */
  readonly exited: Promise<void>;
}

const MIN_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 5_000;
const STEADY_MS = 30_000;
const STOP_MS = 5_000;
/** LocalCluster wants to know for how long (seconds, as int milliseconds inside); 24 days, and then it is started again. */
const LIFETIME_S = 2_073_600;

/**
 * Runs the topology in a LocalCluster: one JVM, and a Node process a component. LocalCluster ends when a component
 * dies, so the JVM is started again whenever it ends unasked; the checkpoints and the idempotent store make that
 * harmless. Needs the builds (storm/build.ts, build.ts).
 */
export function startTopology(options: TopologyOptions): RunningTopology {
  const { logFile } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  log.on('error', () => {}); // a last line behind its end, or a full disk: no reason to end the stack
  const say = (line: string) => log.write(`[${new Date().toISOString()}] storm: ${line}\n`);
  let child: ChildProcess;
  let stopping = false;
  let restarts = 0;
  let backoff = MIN_BACKOFF_MS;
  let timer: NodeJS.Timeout | undefined;
  let onExit: () => void = () => {};
  const exited = new Promise<void>((resolve) => {
    onExit = () => log.end(() => resolve());
  });

  function launch(): void {
    const startedAt = performance.now();
    child = spawnCluster(options);
    child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    child.once('error', (error) => say(`could not start: ${error.message}`));
    const started = child;
    // components that have not yet seen the end of their stdin
    child.once('exit', () => signalGroup(started, 'SIGKILL'));
    child.once('close', (code, signal) => {
      if (stopping) return onExit();
      if (performance.now() - startedAt > STEADY_MS) backoff = MIN_BACKOFF_MS;
      say(`the cluster ended (${signal ?? code}); starting it again in ${backoff} ms`);
      timer = setTimeout(() => {
        restarts++;
        launch();
      }, backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    });
  }

  launch();
  return {
    get pid() {
      return child.pid ?? -1;
    },
    get restarts() {
      return restarts;
    },
    exited,
    async stop() {
      if (stopping) return exited;
      stopping = true;
      clearTimeout(timer);
      if (child.exitCode !== null || child.signalCode !== null || !child.pid) onExit();
      // what is in flight is read again after the next start: nothing to wait for
      signalGroup(child, 'SIGTERM');
      const force = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

function spawnCluster({ env, dataDir, topologyFile = TOPOLOGY_FILE }: TopologyOptions): ChildProcess {
  const scratch = join(dataDir, 'tmp');
  rmSync(scratch, { recursive: true, force: true }); // clusters that were killed leave their folders behind
  mkdirSync(scratch, { recursive: true });
  // the topology jar first: LocalCluster takes resources/ from the first jar that has them
  const classPath = [TOPOLOGY_JAR, LAUNCHER_CLASSES, readFileSync(CLASS_PATH_FILE, 'utf8').trim()].join(
    delimiter,
  );
  const properties = {
    'storm.jar': TOPOLOGY_JAR,
    'storm.local.sleeptime': String(LIFETIME_S),
    'log4j2.configurationFile': join(LOCAL_STORM_DIR, 'log4j2.xml'),
    'java.io.tmpdir': scratch,
    'zookeeper.admin.enableServer': 'false',
  };
  return spawnGuarded(
    'storm',
    'java',
    [
      '-Xmx512m',
      // one machine's two cores are shared by all parts: no collector threads beside the work
      '-XX:+UseSerialGC',
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
      ...['-cp', classPath, 'LoopbackCluster'],
      ...['org.apache.storm.flux.Flux', '-e', topologyFile],
    ],
    {
      cwd: scratch,
      // topology.yaml says "node": the components run on the Node that runs this
      env: {
        ...process.env,
        ...env,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}
