import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Entities } from '../entities.ts';

/** What was synced, as one JSON file that is always whole: written beside it, flushed, renamed. */
export interface StateFile {
  /** undefined: nothing was ever saved */
  load(): Entities | undefined;
  /** Resolves once a state at least as new as the call's is on disk. Calls that wait share the next write. */
  save(): Promise<void>;
}

const VERSION = 1;

export function createStateFile(path: string, snapshot: () => Entities): StateFile {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;

  return {
    load() {
      if (!existsSync(path)) return undefined;
      const { version, entities } = JSON.parse(readFileSync(path, 'utf8')) as {
        version: number;
        entities: Entities;
      };
      if (version !== VERSION) throw new Error(`${path} has version ${version}, not ${VERSION}`);
      return entities;
    },
    save() {
      waiting ??= Promise.resolve(running?.catch(() => {})).then(() => {
        waiting = undefined;
        running = write(path, JSON.stringify({ version: VERSION, entities: snapshot() }));
        return running;
      });
      return waiting;
    },
  };
}

async function write(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.new`;
  try {
    await withHandle(open(temporary, 'w', 0o600), async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    await rename(temporary, path);
    // the rename itself lasts only once its folder is on disk
    await withHandle(open(folder, 'r'), (handle) => handle.sync());
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function withHandle(opening: Promise<FileHandle>, work: (handle: FileHandle) => Promise<void>) {
  const handle = await opening;
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
