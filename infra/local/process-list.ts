import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOf } from './processes.ts';
import type { Started } from './remains.ts';

/** A line of the process list: a process group that was started, or a folder that must not outlive the stack. */
export type ListedProcess = (Started & { name: string }) | { folder: string };

/**
 * What a stack has started, in `<data folder>/processes.ndjson`, a JSON object a line: Valkey, nginx and PostgreSQL write
 * their titles over their environment, so that nothing else tells whose they are.
 */
const fileOf = (dataDir: string) => join(dataDir, 'processes.ndjson');

export function readProcessList(dataDir: string): ListedProcess[] {
  try {
    return readFileSync(fileOf(dataDir), 'utf8')
      .split('\n')
      .flatMap((line) => readRecord(line) ?? []);
  } catch {
    return [];
  }
}

/** Undefined: a line that was not written to its end. */
export function readRecord(line: string): ListedProcess | undefined {
  try {
    const record = JSON.parse(line) as Partial<Started & { name: string; folder: string }>;
    if (typeof record.folder === 'string') return { folder: record.folder };
    const { pid, start, name } = record;
    if (typeof pid === 'number' && pid > 1 && typeof start === 'string')
      return { pid, start, name: name ?? '' };
  } catch {
    // as if it were not there
  }
  return undefined;
}

/** Begins the process list of the stack that this process runs. @returns false: another process has begun one meanwhile */
export function openProcessList(dataDir: string): boolean {
  mkdirSync(dataDir, { recursive: true });
  const own: ListedProcess = { pid: process.pid, start: startOf(process.pid) ?? '', name: 'stack' };
  try {
    writeFileSync(fileOf(dataDir), `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

export function addToProcessList(dataDir: string, record: ListedProcess): void {
  try {
    appendFileSync(fileOf(dataDir), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  } catch {
    // a full disk, or a data folder that went with its test: the guardian knows it all the same
  }
}

export function closeProcessList(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}
