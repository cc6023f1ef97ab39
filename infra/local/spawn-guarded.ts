import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { addToProcessList, type ListedProcess } from './process-list.ts';
import { startOf } from './processes.ts';
import { STACK_VARIABLE } from './stale.ts';

/** Carried by all that this process starts, and by what those start. */
const MARK_VARIABLE = 'PISTATS_SUPERVISOR';
const mark = `${process.pid}-${startOf(process.pid)}`;
const records: ListedProcess[] = [];
let guardian: ChildProcess | undefined;

/**
 * As `spawn`, in a process group of its own that does not outlive this process: a terminal's Ctrl-C reaches only us, and
 * when we are gone, kill -9 included, the guardian ends it.
 */
export function spawnGuarded(
  name: string,
  command: string,
  args: string[],
  options: SpawnOptions,
): ChildProcess {
  const env = { ...(options.env ?? process.env), [MARK_VARIABLE]: mark };
  startGuardian();
  return guard(name, spawn(command, args, { ...options, env, detached: true }));
}

/** A child that was started in another way (`fork`) is ended with us, too. */
export function guard<T extends ChildProcess>(name: string, child: T): T {
  if (child.pid) keep({ pid: child.pid, start: startOf(child.pid) ?? '', name });
  return child;
}

/** The folder goes, too, when this process is ended before it could remove it. */
export function guardFolder(folder: string): void {
  keep({ folder });
}

function keep(record: ListedProcess): void {
  records.push(record);
  const dataDir = process.env[STACK_VARIABLE];
  if (dataDir) addToProcessList(dataDir, record);
  if (guardian) tell(guardian, record);
  else startGuardian();
}

function startGuardian(): void {
  if (guardian) return;
  const started = spawn(
    process.execPath,
    [join(import.meta.dirname, 'guardian.ts'), `${MARK_VARIABLE}=${mark}`],
    // without our environment: it carries the marks by which stacks are found
    { cwd: '/', env: {}, stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  guardian = started;
  started.on('error', () => {}); // the process list is left for the next start
  started.once('exit', () => {
    guardian = undefined;
  });
  started.stdin?.on('error', () => {});
  started.unref();
  (started.stdin as Socket | null)?.unref();
  for (const record of records) tell(started, record);
}

function tell({ stdin }: ChildProcess, record: ListedProcess): void {
  stdin?.write(`${JSON.stringify(record)}\n`);
}
