import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StopError } from './stop-error.ts';
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
  /** what it says on stderr goes here, too */
  echo?: NodeJS.WritableStream;
  /** Resolves when the service takes work; default: it printed a line of JSON with `"ready":true`. Aborted: it ended. */
  ready?: (service: Service, signal: AbortSignal) => Promise<unknown>;
  readyTimeoutMs?: number;
  stopSignal?: NodeJS.Signals;
  /** after this, SIGKILL */
  stopTimeoutMs?: number;
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
  let child: ChildProcess;
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
    const startedAt = Date.now();
    child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      uid: spec.uid,
      gid: spec.gid,
      // its own group: a terminal's Ctrl-C reaches only us, and we stop the parts in order
      detached: true,
    });
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
    void exited.then(() => {
      if (stopping || !everReady) return;
      if (Date.now() - startedAt > STEADY_MS) backoff = MIN_BACKOFF_MS;
      setTimeout(() => {
        if (stopping) return;
        restarts++;
        launch();
      }, backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    });
  };

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
      signalGroup(child, spec.stopSignal ?? 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), spec.stopTimeoutMs ?? 10_000);
      await exited;
      clearTimeout(timer);
      signalGroup(child, 'SIGKILL');
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
  ]);
  if (outcome === 'ready') {
    everReady = true;
    return service;
  }
  waiting.abort();
  await service.stop();
  const why = outcome === 'ended' ? 'it ended' : outcome.message;
  throw new StopError(
    `${spec.name} did not start (${why}): ${lastLine(spec.logFile)} (log: ${spec.logFile})`,
  );
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

/** A part may have children of its own (execution environments, bolts): the whole group goes. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!child.pid) return;
  try {
    if (signal === 'SIGKILL') process.kill(-child.pid, signal);
    else child.kill(signal);
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
