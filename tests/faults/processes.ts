import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from '../../infra/local/wait-until.ts';

/** Linux only: what runs is read from /proc (proc(5)). */
export interface Process {
  pid: number;
  parent: number;
  /** arguments, by spaces */
  command: string;
  environment: string;
}

function read(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name in brackets may hold brackets and spaces itself: count from behind it
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const text = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: Number(parent), command: text('cmdline'), environment: text('environ') };
  } catch {
    // ended meanwhile
    return undefined;
  }
}

function all(): Process[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => read(pid) ?? []);
}

export const isAlive = (pid: number): boolean => read(pid) !== undefined;

/** The process and all that it started, directly or not. */
export function familyOf(pid: number): number[] {
  const processes = all();
  const family = [pid];
  for (const member of family)
    family.push(...processes.filter(({ parent }) => parent === member).map((child) => child.pid));
  return family;
}

/** The first child that `is` what is looked for, waited for where it is just being started. */
export function childOf(
  parent: () => number,
  what: string,
  is: (child: Process) => boolean,
): Promise<number> {
  return waitUntil(
    what,
    () => all().find((candidate) => candidate.parent === parent() && is(candidate))?.pid,
    { timeoutMs: 60_000 },
  );
}
