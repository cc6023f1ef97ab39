import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isStack } from './stale.ts';

const POLL_MS = 250;

/**
 * Waits until no other process holds the file, then holds it; the one who held it and was killed holds nothing.
 * Gives what lets go of it.
 */
export async function holdLock(
  file: string,
  onWait: (holder: number) => void,
  isAlive: (pid: number) => boolean = isStack,
): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  let waiting = false;
  for (;;) {
    if (take(file)) return () => rmSync(file, { force: true });
    const holder = readHolder(file);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      if (readHolder(file) === holder) rmSync(file, { force: true });
      continue;
    }
    if (!waiting) onWait(holder);
    waiting = true;
    await delay(POLL_MS);
  }
}

/** A link appears with its content, so nobody reads a lock without its holder. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}.${randomUUID()}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Undefined: let go of meanwhile. */
function readHolder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return undefined;
  }
}
