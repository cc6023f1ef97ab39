import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './processes.ts';
import type { Started } from './remains.ts';
import { Interrupted } from './stop-error.ts';

const POLL_MS = 250;

/**
 * Waits until no other process holds the file, then holds it; the one who held it and was killed holds nothing.
 * Gives what lets go of it.
 * @throws Interrupted, when the signal is aborted before
 */
export async function holdLock(
  file: string,
  onWait: (holder: number) => void,
  signal?: AbortSignal,
): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  let waiting = false;
  for (;;) {
    if (take(file)) return () => rmSync(file, { force: true });
    const holder = readHolder(file);
    if (holder === undefined) continue;
    if (!holder || startOf(holder.pid) !== holder.start) {
      if (readHolder(file)?.pid === holder?.pid) rmSync(file, { force: true });
      continue;
    }
    if (!waiting) onWait(holder.pid);
    waiting = true;
    await delay(POLL_MS, undefined, { signal }).catch(() => {
      throw new Interrupted();
    });
  }
}

/** A link appears with its content, so nobody reads a lock without its holder. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}.${randomUUID()}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}`);
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

/** Undefined: let go of meanwhile; null: nobody that could be told. */
function readHolder(file: string): Started | null | undefined {
  try {
    const [, pid, start] = /^(\d+) (.+)$/.exec(readFileSync(file, 'utf8')) ?? [];
    return pid && start ? { pid: Number(pid), start } : null;
  } catch {
    return undefined;
  }
}
