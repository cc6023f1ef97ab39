import { setTimeout as delay } from 'node:timers/promises';
import { commandOf, environmentOf, listProcesses, type Process } from './processes.ts';

/** The leader of a process group that was started. */
export interface Started {
  pid: number;
  start: string;
}

export interface Remains {
  started: Started[];
  /** `NAME=value`: carried in the environment from process to process, also by those that leave their group */
  mark?: string;
}

const POLL_MS = 20;
/** A killed process ends at once, but for one that waits for a disk. */
const TIMEOUT_MS = 10_000;
/** Ends what another supervisor left behind, and itself when that is done. */
const GUARDIAN = /infra\/local\/guardian\.ts\0/;

/**
 * Kills what is left, and waits until it is gone: only then are its ports, sockets and locks free. A number that came
 * again for another process is known by the start time; who calls, and what that was started by, are never touched.
 * @returns how many processes that were
 */
export async function endRemains(remains: Remains): Promise<number> {
  const ended = new Set<string>();
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const left = findRemains(remains);
    if (left.length === 0 || performance.now() > deadline) return ended.size;
    for (const { pid, start } of left) {
      ended.add(`${pid} ${start}`);
      kill(pid);
    }
    await delay(POLL_MS);
  }
}

/** What was started and still runs: the groups, all that came from them, and who carries the mark. */
export function findRemains({ started, mark }: Remains, all = listProcesses()): Process[] {
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const spared = new Set<number>();
  for (let pid = process.pid; byPid.has(pid) && !spared.has(pid); pid = byPid.get(pid)?.parent ?? 0)
    spared.add(pid);
  // a group keeps its number for as long as it has a member: with another leader it is another group
  const groups = new Set(
    started.filter(({ pid, start }) => (byPid.get(pid)?.start ?? start) === start).map(({ pid }) => pid),
  );
  const left = new Set(
    all.filter(
      ({ pid, group }) =>
        groups.has(pid) || groups.has(group) || (mark && environmentOf(pid).includes(`${mark}\0`)),
    ),
  );
  const children = Map.groupBy(all, ({ parent }) => parent);
  for (const member of left) for (const child of children.get(member.pid) ?? []) left.add(child);
  return [...left].filter(({ pid }) => !spared.has(pid) && !GUARDIAN.test(commandOf(pid)));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}
