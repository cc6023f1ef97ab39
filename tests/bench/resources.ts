import { readdirSync, readFileSync } from 'node:fs';
import { partsOf } from './cpu.ts';

/** What a process of a part holds, the mean of those it has; by the part's name. */
export type Resources = Record<string, { megabytes: number; descriptors: number }>;

/**
 * Memory that is a process's own (RssAnon: no files, no memory that it shares, proc_pid_status(5)) and its open file
 * descriptors. `pids`: name → process; those it started count with it.
 */
export function resourcesOf(pids: Record<string, number>): Resources {
  const resources: Resources = {};
  for (const [name, all] of Object.entries(partsOf(pids))) {
    const sum = { megabytes: 0, descriptors: 0 };
    let processes = 0;
    for (const pid of all) {
      try {
        const [, kilobytes = '0'] =
          /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
        sum.descriptors += readdirSync(`/proc/${pid}/fd`).length;
        sum.megabytes += Number(kilobytes) / 1_024;
        processes++;
      } catch {
        // ended meanwhile
      }
    }
    // more connections to PostgreSQL, more environments of a function are more processes, and no leak
    if (processes === 0) continue;
    resources[name] = { megabytes: sum.megabytes / processes, descriptors: sum.descriptors / processes };
  }
  return resources;
}

export interface Growth {
  name: string;
  from: number;
  to: number;
}

/**
 * How far the floor of each part rose from the middle of a run to its end. The floor: a garbage collector makes peaks, a
 * leak lifts what is left between them. The middle: until then heaps grow to the size that suits the load.
 */
export function floors(samples: Resources[], pick: (one: Resources[string]) => number): Growth[] {
  const part = (from: number, to: number) =>
    samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  const lowest = (list: Resources[], name: string) =>
    Math.min(...list.flatMap((sample) => (sample[name] ? [pick(sample[name])] : [])));
  const [middle, late] = [part(0.4, 0.6), part(0.8, 1)];
  return Object.keys(samples[0] ?? {}).map((name) => ({
    name,
    from: lowest(middle, name),
    to: lowest(late, name),
  }));
}
