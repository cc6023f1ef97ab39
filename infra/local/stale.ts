import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Every process of a stack carries its data folder in this variable, also those that parts start themselves. */
export const STACK_VARIABLE = 'PISTATS_STACK';

/**
 * Ends what an earlier stack over the same data folder left behind when it was killed (Linux only: it reads /proc).
 * Gives how many processes that were.
 */
export function endStaleProcesses(dataDir: string): number {
  let ended = 0;
  for (const pid of pids()) {
    if (pid === process.pid || !environment(pid).includes(`${STACK_VARIABLE}=${dataDir}\0`)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      ended++;
    } catch {
      // gone meanwhile
    }
  }
  return ended;
}

/** The commands that run a stack. */
const STARTERS = /infra\/local\/|infra\/operate\/storm-cluster|tests\/(main|bench|faults)\b/;

/** Whether `pid` still is the process that runs a stack: after a kill -9 and a reboot another may have its number. */
export function isStack(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (!existsSync('/proc/self/cmdline')) return true;
    return STARTERS.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
