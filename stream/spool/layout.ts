import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A spool's folder:
 *
 *     <dir>/<boot>/00000001.segment      frames, see frames.ts
 *     <dir>/<boot>/owner-<pid>-<start>   the process that writes and sends them, see owner.ts
 *     <dir>/tallies/<boot>.<yyyy-mm-dd>.ndjson
 */
const TALLIES = 'tallies';
const SEGMENT = /^\d{8,}\.segment$/;

export const talliesDir = (dir: string): string => join(dir, TALLIES);
export const bootDir = (dir: string, boot: string): string => join(dir, boot);
export const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.segment`;

/** The boots that have a folder; a folder that is being made starts with a dot. */
export async function listBoots(dir: string): Promise<string[]> {
  const entries = await orNone(readdir(dir, { withFileTypes: true }), []);
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== TALLIES && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

/** A boot's segments, oldest first. */
export async function listSegments(dir: string, boot: string): Promise<string[]> {
  const names = await orNone(readdir(bootDir(dir, boot)), []);
  return names.filter((name) => SEGMENT.test(name)).sort();
}

/** A file's bytes; null when it is gone. */
export const readIfThere = (file: string): Promise<Buffer | null> => orNone(readFile(file), null);

/** `none` where there is no such file: others may take one away at any time. */
export async function orNone<T, N>(work: Promise<T>, none: N): Promise<T | N> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none;
    throw error;
  }
}
