import { listProcesses, type Process, startOf } from '../../infra/local/processes.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';

/** A process that ended and was not yet waited for does not run. */
export const isRunning = (pid: number): boolean => startOf(pid) !== undefined;

/** The process and all that it started, directly or not. */
export function familyOf(pid: number): Process[] {
  const all = listProcesses();
  const family = all.filter((process) => process.pid === pid);
  for (const member of family) family.push(...all.filter(({ parent }) => parent === member.pid));
  return family;
}

/** Resolves when none of them runs any more. */
export async function allEnded(family: Process[]): Promise<void> {
  const left = () => family.filter(({ pid, start }) => startOf(pid) === start).map(({ pid }) => pid);
  await waitUntil('the end of all', () => left().length === 0).catch(() => {
    throw new Error(`still running: ${left().join(', ')}`);
  });
}
