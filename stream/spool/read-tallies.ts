import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { orNone, readIfThere, talliesDir } from './layout.ts';

/** What a retired segment held: the node's own book of what it received. */
export interface Tally {
  producer: string;
  boot: string;
  segment: string;
  /** the least and the greatest n of its events */
  from: number;
  to: number;
  /** `minute`: the UTC minute of the events' receivedtime, `2026-11-24T13:05Z` */
  counts: { client: string; minute: string; events: number }[];
}

/**
 * Every tally once (a crash may have written one twice), without a torn last line; a missing folder holds none.
 * `boot`: only of that one.
 */
export async function* readTallies(dir: string, boot = ''): AsyncGenerator<Tally> {
  const seen = new Set<string>();
  const isTallies = (name: string) => name.startsWith(boot && `${boot}.`) && name.endsWith('.ndjson');
  const names = await orNone(readdir(talliesDir(dir)), []);
  for (const name of names.filter(isTallies).sort()) {
    const text = (await readIfThere(join(talliesDir(dir), name)))?.toString() ?? '';
    for (const line of text.split('\n')) {
      const tally = parseTally(line);
      if (!tally || seen.has(`${tally.boot} ${tally.segment}`)) continue;
      seen.add(`${tally.boot} ${tally.segment}`);
      yield tally;
    }
  }
}

function parseTally(line: string): Tally | undefined {
  try {
    const tally = JSON.parse(line) as Partial<Tally>;
    return tally.boot && tally.segment && Array.isArray(tally.counts) ? (tally as Tally) : undefined;
  } catch {
    return undefined;
  }
}
