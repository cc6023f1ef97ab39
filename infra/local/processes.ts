import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A process that runs; what ended and was not yet waited for is none. */
export interface Process {
  pid: number;
  parent: number;
  group: number;
  /** tells it from a later process that got its number */
  start: string;
}

const HAS_PROC = existsSync('/proc/self/stat');

/** All processes of this machine: from /proc (proc(5)), elsewhere from ps. */
export function listProcesses(): Process[] {
  if (!HAS_PROC) return listWithPs();
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => readStat(pid) ?? []);
}

/** Of a process that runs; undefined: there is none of this number. */
export function startOf(pid: number): string | undefined {
  return (HAS_PROC ? readStat(pid) : listWithPs(['-p', String(pid)])[0])?.start;
}

function readStat(pid: number): Process | undefined {
  const stat = readText(pid, 'stat');
  // the name in brackets may hold brackets and spaces itself: count from behind it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const start = fields[19];
  if (start === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), group: Number(group), start };
}

export function listWithPs(which: string[] = ['-A']): Process[] {
  const columns = ['-o', 'pid=,ppid=,pgid=,stat=,lstart='];
  let output = '';
  try {
    output = execFileSync('ps', [...which, ...columns], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // none of that number
  }
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, group, state, start] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (!start || state?.startsWith('Z')) return [];
    return { pid: Number(pid), parent: Number(parent), group: Number(group), start };
  });
}

/** Variables as they were when it was started, each with a NUL behind it; '' where they can't be read. */
export const environmentOf = (pid: number): string => readText(pid, 'environ');

/** Its arguments, each with a NUL behind it; '' where they can't be read. */
export const commandOf = (pid: number): string => readText(pid, 'cmdline');

function readText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
