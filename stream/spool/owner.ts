import { readFileSync } from 'node:fs';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orNone } from './layout.ts';

/** A process, named so that a later one with the same pid is not taken for it. */
export interface Owner {
  pid: number;
  /** clock ticks after the machine's boot, where there is /proc; else 0 */
  start: string;
}

/** No process: who looks finds it dead. */
export const NOBODY: Owner = { pid: 0, start: '0' };

const NAME = /^owner-(\d+)-(\d+)$/;
export const ownerName = ({ pid, start }: Owner): string => `owner-${pid}-${start}`;

/** The present process. Processes that share a spool must see each other's pids: one folder a host, or a container. */
export const thisOwner = (): Owner => ({ pid: process.pid, start: processStat(process.pid)?.start ?? '0' });

export function isAlive({ pid, start }: Owner): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const stat = processStat(pid);
  // killed, and not yet waited for: it will never write again
  if (stat?.state === 'Z' || stat?.state === 'X') return false;
  return !stat || start === '0' || stat.start === start;
}

/** State and start time, fields 3 and 22 of /proc/<pid>/stat (proc_pid_stat(5)); undefined where there is no /proc. */
function processStat(pid: number): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name in field 2 may hold anything, blanks and parentheses included
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '0' };
  } catch {
    return undefined;
  }
}

/** Who owns a boot's folder; null when nobody does. */
export async function readOwner(folder: string): Promise<Owner | null> {
  for (const name of await orNone(readdir(folder), [])) {
    const [, pid, start] = NAME.exec(name) ?? [];
    if (pid && start) return { pid: Number(pid), start };
  }
  return null;
}

/** Makes `next` the owner in the place of `dead`. Of several who try, one succeeds: a file is renamed only once. */
export async function takeOver(folder: string, dead: Owner | null, next: Owner): Promise<boolean> {
  try {
    if (!dead) await writeFile(join(folder, ownerName(NOBODY)), '', { mode: 0o600 });
    await rename(join(folder, ownerName(dead ?? NOBODY)), join(folder, ownerName(next)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
