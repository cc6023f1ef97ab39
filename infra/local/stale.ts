import { readdirSync, readFileSync } from 'node:fs';

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
