import type { ChildProcess } from 'node:child_process';
import { closeSync, createWriteStream, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './processes.ts';
import { endRemains, findRemains, type Started } from './remains.ts';
import { spawnGuarded } from './spawn-guarded.ts';
import { Interrupted, StopError } from './stop-error.ts';
import { waitUntil } from './wait-until.ts';

export interface ServiceSpec {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string | undefined>;
  cwd?: string;
  uid?: number;
  gid?: number;
  logFile: string;
  /**
   * 'file': it is given the log file itself, for who opens /dev/stderr: under Node a child's stderr is else a socket, and
   * that can't be opened. Then it has no ready line. Default: 'pipe'
   */
  output?: 'pipe' | 'file';
  /** what it says on stderr goes here, too */
  echo?: NodeJS.WritableStream;
  /** Before each start, the first and every later one. */
  prepare?: () => void;
  /** Resolves when the service takes work; default: it printed a line of JSON with `"ready":true`. Aborted: it ended. */
  ready?: (service: Service, signal: AbortSignal) => Promise<unknown>;
  readyTimeoutMs?: number;
  stopSignal?: NodeJS.Signals;
  /** the stop signal goes to its whole group: it does not hand it on */
  stopGroup?: boolean;
  /** after this, SIGKILL */
  stopTimeoutMs?: number;
  /** aborted before it is ready: it is stopped, and the start ends with `Interrupted` */
  signal?: AbortSignal;
}

/** A process of the stack, started again when it ends without being asked to. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** the ready line of the present process */
  readonly readyLine: Record<string, unknown> | undefined;
  readonly restarts: number;
  stop(): Promise<void>;
}

const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A process that lived this long starts again without delay. */
const STEADY_MS = 10_000;
/** A process of another group may hold on to the output of one that has ended. */
const LAST_WORDS_MS = 1_000;

/** Starts the process and resolves when it is ready; throws a StopError with the log's last line otherwise. */
export async function startService(spec: ServiceSpec): Promise<Service> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = createWriteStream(spec.logFile, { flags: 'a' });
  log.on('error', () => {}); // a full disk: no reason to end the stack
  const stopTimeoutMs = spec.stopTimeoutMs ?? 10_000;
  let child: ChildProcess;
  let leader: Started | undefined;
  let readyLine: Record<string, unknown> | undefined;
  let exited: Promise<void> = Promise.resolve();
  /** its output is at its end, too */
  let closed: Promise<void> = Promise.resolve();
  let stopping = false;
  let everReady = false;
  let restarts = 0;
  let backoff = MIN_BACKOFF_MS;

  const launch = () => {
    readyLine = undefined;
    spec.prepare?.();
    const startedAt = performance.now();
    const output = spec.output === 'file' ? openSync(spec.logFile, 'a') : 'pipe';
    child = spawnGuarded(spec.name, spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env } as NodeJS.ProcessEnv,
      stdio: ['ignore', output, output],
      uid: spec.uid,
      gid: spec.gid,
    });
    if (typeof output === 'number') closeSync(output);
    leader = child.pid ? { pid: child.pid, start: startOf(child.pid) ?? '' } : undefined;
    let head = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      if (readyLine || head.length > 65_536) return;
      head += chunk.toString();
      readyLine = findReadyLine(head);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      spec.echo?.write(chunk);
    });
    closed = new Promise((resolve) => child.once('close', () => resolve()));
    exited = new Promise((resolve) => {
      child.once('error', (error) => {
        log.write(`could not start: ${error.message}\n`);
        resolve();
      });
      child.once('exit', (code, signal) => {
        log.write(`[${new Date().toISOString()}] ${spec.name} ended: ${signal ?? code}\n`);
        resolve();
      });
    });
    void exited.then(async () => {
      // what it has left would hold its port, and serve on behind the next one's back
      await endGroup();
      if (stopping || !everReady) return;
      if (performance.now() - startedAt > STEADY_MS) backoff = MIN_BACKOFF_MS;
      setTimeout(() => {
        if (stopping) return;
        restarts++;
        launch();
      }, backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    });
  };

  const endGroup = () => (leader ? endRemains({ started: [leader] }) : undefined);
  const groupEnded = () => !leader || findRemains({ started: [leader] }).length === 0;

  launch();
  const service: Service = {
    name: spec.name,
    logFile: spec.logFile,
    get pid() {
      return child.pid ?? -1;
    },
    get readyLine() {
      return readyLine;
    },
    get restarts() {
      return restarts;
    },
    async stop() {
      stopping = true;
      const stopSignal = spec.stopSignal ?? 'SIGTERM';
      if (spec.stopGroup) signalGroup(child, stopSignal);
      else child.kill(stopSignal);
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), stopTimeoutMs);
      await exited;
      if (spec.stopGroup)
        await waitUntil('the end of its group', groupEnded, { timeoutMs: stopTimeoutMs }).catch(() => {});
      clearTimeout(timer);
      await endGroup();
      await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
      child.stdout?.destroy();
      child.stderr?.destroy();
      await new Promise((resolve) => log.end(resolve));
    },
  };
  const waiting = new AbortController();
  const ready = spec.ready
    ? spec.ready(service, waiting.signal)
    : waitUntil(`${spec.name} ready`, () => readyLine, {
        timeoutMs: spec.readyTimeoutMs ?? 60_000,
        everyMs: 20,
        signal: waiting.signal,
      });
  const outcome = await Promise.race([
    ready.then(
      () => 'ready' as const,
      (error: Error) => error,
    ),
    exited.then(() => 'ended' as const),
    aborted(spec.signal, waiting.signal),
  ]);
  if (outcome === 'ready') {
    everReady = true;
    waiting.abort();
    return service;
  }
  waiting.abort();
  await service.stop();
  if (outcome === 'interrupted') throw new Interrupted();
  const why = outcome === 'ended' ? 'it ended' : outcome.message;
  throw new StopError(
    `${spec.name} did not start (${why}): ${lastLine(spec.logFile)} (log: ${spec.logFile})`,
  );
}

/** Resolves when the signal is aborted; who no longer waits says so. */
function aborted(signal: AbortSignal | undefined, over: AbortSignal): Promise<'interrupted'> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve('interrupted');
    signal?.addEventListener('abort', () => resolve('interrupted'), { signal: over });
  });
}

function findReadyLine(output: string): Record<string, unknown> | undefined {
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      const parsed = JSON.parse(line) as Record<string, unknown>;
      if (parsed.ready === true) return parsed;
    } catch {
      // an incomplete or foreign line
    }
  }
  return undefined;
}

/** A part may have children of its own (execution environments, bolts): the whole group hears it. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (!pid) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // gone already
  }
}

/** Our own line about its end, and what Node prints behind an error: its stack, properties and version. */
const NO_REASON = / ended: |^\s|^[{}]|^Node\.js v|^$/;

function lastLine(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return (lines.findLast((line) => !NO_REASON.test(line)) ?? '').slice(0, 300);
  } catch {
    return 'no log';
  }
}
