import { closeSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bootDir, orNone, talliesDir } from './layout.ts';
import { type Owner, ownerName } from './owner.ts';
import type { Tally } from './read-tallies.ts';
import type { Segment } from './segment.ts';

/** A tally names the day it was written on; after this many it is deleted. */
export const TALLY_DAYS = 8;
const DAY_MS = 86_400_000;

/** Enters segments into the node's book, then deletes them. */
export interface Retirement {
  /** Gives those that are gone; the others are to be tried again. Tallies without a segment are entered, too. */
  retire(segments: Segment[], tallies?: Tally[]): Promise<Segment[]>;
  /** Removes a boot's folder when no segment is left in it. */
  removeFolder(boot: string): Promise<void>;
  deleteOldTallies(now: number): Promise<void>;
}

export function createRetirement(dir: string, owner: Owner): Retirement {
  /** of segments that are gone already: the full disk had no room for it before */
  let owed: Tally[] = [];

  /** The book is on disk before the segment goes: a crash of the machine must not lose both. */
  async function enter(tallies: Tally[]): Promise<void> {
    const folder = talliesDir(dir);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const boot of new Set(tallies.map(({ boot }) => boot))) {
      const lines = tallies.filter((tally) => tally.boot === boot);
      const day = new Date().toISOString().slice(0, 10);
      const file = await open(join(folder, `${boot}.${day}.ndjson`), 'a', 0o600);
      try {
        // the line before may be torn; an empty one says nothing
        await file.appendFile(`\n${lines.map((line) => `${JSON.stringify(line)}\n`).join('')}`);
        await file.datasync();
      } finally {
        await file.close();
      }
    }
  }

  async function remove(segment: Segment): Promise<void> {
    if (segment.fd !== undefined) closeSync(segment.fd);
    segment.fd = undefined;
    if (segment.damaged) await orNone(rename(segment.path, `${segment.path}.damaged`), undefined);
    else await rm(segment.path, { force: true });
  }

  return {
    async retire(segments, tallies = []) {
      const lines = [
        ...owed,
        ...tallies,
        ...segments.flatMap(({ tally, producer, boot, name }) => tally.close(producer, boot, name) ?? []),
      ];
      if (lines.length === 0 && segments.length === 0) return [];
      owed = [...owed, ...tallies];
      try {
        if (lines.length > 0) await enter(lines);
        owed = [];
      } catch (error) {
        if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
        // it is the spool that fills the disk: its segments must go for the line to have room
        owed = lines;
      }
      const gone: Segment[] = [];
      for (const segment of segments)
        await remove(segment).then(
          () => gone.push(segment),
          () => {},
        );
      return gone;
    },
    async removeFolder(boot) {
      const folder = bootDir(dir, boot);
      const names = await orNone(readdir(folder), []);
      // what is damaged is kept, and then nobody needs to own it
      await rm(join(folder, ownerName(owner)), { force: true });
      if (names.every((name) => name === ownerName(owner))) await orNone(rmdir(folder), undefined);
    },
    async deleteOldTallies(now) {
      const oldest = new Date(now - TALLY_DAYS * DAY_MS).toISOString().slice(0, 10);
      for (const name of await orNone(readdir(talliesDir(dir)), [])) {
        const day = /\.(\d{4}-\d{2}-\d{2})\.ndjson$/.exec(name)?.[1];
        if (day && day < oldest) await rm(join(talliesDir(dir), name), { force: true });
      }
    },
  };
}
