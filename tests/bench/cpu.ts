import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds by name, of a process and all its descendants that are alive; none where there is no /proc. */
export type CpuSeconds = Record<string, number>;

interface Stat {
  parent: number;
  seconds: number;
}

/** Parts whose children do the work: they are counted apart, by this name. */
const CHILDREN_APART: Record<string, string> = { lambda: 'functions', storm: 'spouts and bolts' };

/** CPU used so far. `pids`: name → process. */
export function cpuSeconds(pids: Record<string, number>): CpuSeconds {
  const stats = readStats();
  return Object.fromEntries(
    Object.entries(partsOf(pids, stats)).map(([name, all]) => [
      name,
      all.reduce((sum, pid) => sum + (stats.get(pid)?.seconds ?? 0), 0),
    ]),
  );
}

/** The processes of each part, those that its own process started among them. */
export function partsOf(pids: Record<string, number>, stats = readStats()): Record<string, number[]> {
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of stats) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  const parts: Record<string, number[]> = {};
  for (const [name, pid] of Object.entries(pids)) {
    // the one that started all the others
    if (pid === process.pid) continue;
    const apart = CHILDREN_APART[name];
    parts[name] = apart ? [pid] : [pid, ...below(pid)];
    if (apart) parts[apart] = below(pid);
  }
  return parts;
}

export function cpuSince(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]),
  );
}

/** `gateway 0.61, functions 0.32`, the greatest first: seconds per thousand of `count`. */
export function formatCpu(seconds: CpuSeconds, count: number): string {
  return Object.entries(seconds)
    .map(([name, value]) => [name, (value * 1_000) / count] as const)
    .filter(([, value]) => value >= 0.01)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(', ');
}

function readStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const entry of listProc()) {
    try {
      // the name in brackets may hold spaces and brackets itself
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const ticks = Number(fields[11]) + Number(fields[12]);
      stats.set(Number(entry), { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND });
    } catch {
      // ended meanwhile
    }
  }
  return stats;
}

function listProc(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
