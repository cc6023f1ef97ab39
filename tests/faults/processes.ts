import { readdirSync, readFileSync } from 'node:fs';

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

/** The first child that `is` what is looked for; -1: there is none at the moment. */
export function childOf(parent: number, is: (child: Process) => boolean): number {
  return all().find((candidate) => candidate.parent === parent && is(candidate))?.pid ?? -1;
}
