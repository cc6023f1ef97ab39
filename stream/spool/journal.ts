import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeFrame } from './frames.ts';
import { bootDir, segmentName } from './layout.ts';
import * as metrics from './metrics.ts';
import { type Owner, ownerName } from './owner.ts';
import { createSegment, type Entry, type Segment } from './segment.ts';
import { OPEN, SETTLED } from './slots.ts';

/** What of node:fs is written with; a test gives one that fails. */
export type JournalFs = Pick<
  typeof fs,
  'openSync' | 'writeSync' | 'ftruncateSync' | 'closeSync' | 'mkdirSync' | 'renameSync' | 'writeFileSync'
> & { fdatasync(fd: number, done: (error: Error | null) => void): void };

/** Above it the next write goes to a new segment. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** More than this is not kept back for the next PutRecords. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
/** A disk that failed is tried again after this. */
const RETRY_MS = 500;

export interface JournalOptions {
  dir: string;
  boot: string;
  producer: string;
  owner: Owner;
  fs?: JournalFs;
  /** told of every segment that is begun */
  begun(segment: Segment): void;
  /** told when the disk begins to fail, and of null when it is back */
  disk(error: Error | null): void;
}

/** The segments that this process writes. Nothing here throws: where the disk fails, entries stay without a segment. */
export interface Journal {
  add(entry: Entry): void;
  /** Takes back an entry that no segment has. */
  forget(entry: Entry): void;
  /** Appends what was added, in its order and in one write. No fsync: it outlives the process, not the machine. */
  flush(): void;
  /** Flushes, then fsyncs; those who call meanwhile share the next one. */
  sync(): Promise<void>;
  /** Ends the segment that is written, so that it can be retired. */
  seal(): void;
  readonly active: Segment | undefined;
  /** false since a write or an fsync failed */
  readonly writable: boolean;
  /** bytes that are on no disk */
  readonly unwrittenBytes: number;
}

export function createJournal(options: JournalOptions): Journal {
  const { dir, boot, producer, owner, fs: disk = fs } = options;
  let unwritten = new Set<Entry>();
  let unwrittenBytes = 0;
  let active: Segment | undefined;
  let number = 0;
  let hasFolder = false;
  let failed = false;
  let retryAt = 0;
  /** since an fsync failed, until one has succeeded: that a write does says nothing */
  let distrusted = false;
  const unsynced = new Set<Segment>();
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function fail(error: unknown): void {
    metrics.diskErrors.inc();
    retryAt = performance.now() + RETRY_MS;
    // somebody took the folder away
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') hasFolder = false;
    if (!failed) options.disk(error as Error);
    failed = true;
  }

  function recovered(): void {
    if (failed) options.disk(null);
    failed = false;
    retryAt = 0;
  }

  /** Renamed into place with its owner in it: nobody sees it without one. */
  function makeFolder(): void {
    const making = join(dir, `.${boot}`);
    disk.mkdirSync(dir, { recursive: true, mode: 0o700 });
    try {
      // not recursive: that says ENOENT of a disk that is read-only
      disk.mkdirSync(making, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    disk.writeFileSync(join(making, ownerName(owner)), '', { mode: 0o600 });
    disk.renameSync(making, bootDir(dir, boot));
    hasFolder = true;
  }

  function begin(): Segment {
    if (!hasFolder) makeFolder();
    const segment = createSegment(dir, boot, segmentName(++number), producer);
    segment.fd = disk.openSync(segment.path, 'ax', 0o600);
    options.begun(segment);
    active = segment;
    return segment;
  }

  function seal(): void {
    if (active) active.sealed = true;
    active = undefined;
  }

  function flush(): void {
    if (unwritten.size === 0 || performance.now() < retryAt) return;
    if (active && active.bytes >= SEGMENT_BYTES) seal();
    const frames = [...unwritten].map(({ stream, record }) => encodeFrame({ stream, ...record }));
    try {
      const segment = active ?? begin();
      append(segment.fd as number, frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
      if (!distrusted) recovered();
      keep(segment, frames);
    } catch (error) {
      cut(active, active?.bytes ?? 0);
      fail(error);
    }
  }

  function append(fd: number, bytes: Buffer): void {
    for (let written = 0; written < bytes.length; ) written += disk.writeSync(fd, bytes, written);
  }

  function keep(segment: Segment, frames: Buffer[]): void {
    let position = 0;
    for (const entry of unwritten) {
      entry.segment = segment;
      entry.index = segment.slots.add(entry.stream, entry.record, segment.bytes, OPEN);
      segment.bytes += (frames[position++] as Buffer).length;
      segment.entries.set(entry.index, entry);
      segment.tally.add(entry.record);
    }
    segment.writtenAt = performance.now();
    metrics.appended.inc(unwritten.size);
    unwritten.clear();
    unwrittenBytes = 0;
    unsynced.add(segment);
  }

  /** What a failed write left behind the intact frames goes, and nothing is appended to that file again. */
  function cut(segment: Segment | undefined, length: number): void {
    if (!segment) return;
    if (segment === active) seal();
    try {
      disk.ftruncateSync(segment.fd as number, length);
    } catch {
      // readers stop at the first frame that is not intact
    }
  }

  async function syncAll(): Promise<void> {
    for (const segment of [...unsynced]) {
      if (segment.slots.open === 0 || segment.fd === undefined) {
        unsynced.delete(segment);
        continue;
      }
      const { count } = segment.slots;
      segment.syncing = true;
      try {
        await fdatasync(segment.fd);
        if (!segment.listed) await syncFolders(segment);
        segment.durable = count;
        if (segment.slots.count === count) unsynced.delete(segment);
        distrusted = false;
        recovered();
      } catch (error) {
        distrust(segment);
        fail(error);
      } finally {
        segment.syncing = false;
      }
    }
  }

  /**
   * After an fsync failed the kernel takes the pages for clean, and the next fsync of the file would succeed without
   * them (https://wiki.postgresql.org/wiki/Fsync_Errors): what is not durable is written again, to another file.
   */
  function distrust(segment: Segment): void {
    distrusted = true;
    unsynced.delete(segment);
    const moved: Entry[] = [];
    for (const [index, entry] of segment.entries) {
      if (index < segment.durable) continue;
      segment.slots.set(index, SETTLED);
      segment.entries.delete(index);
      segment.tally.remove(entry.record);
      entry.segment = undefined;
      unwrittenBytes += entry.record.data.length;
      moved.push(entry);
    }
    unwritten = new Set([...moved, ...unwritten]);
    segment.bytes = segment.slots.offset(segment.durable) ?? segment.bytes;
    cut(segment, segment.bytes);
    segment.sealed = true;
  }

  async function syncFolders(segment: Segment): Promise<void> {
    for (const folder of [dirname(segment.path), dir]) {
      const fd = disk.openSync(folder, 'r');
      await fdatasync(fd).finally(() => disk.closeSync(fd));
    }
    segment.listed = true;
  }

  const fdatasync = (fd: number) => {
    metrics.fsyncs.inc();
    return new Promise<void>((resolve, reject) => {
      disk.fdatasync(fd, (error) => (error ? reject(error) : resolve()));
    });
  };

  function sync(): Promise<void> {
    if (running) {
      next ??= running.then(() => {
        next = undefined;
        return sync();
      });
      return next;
    }
    flush();
    running = syncAll().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    add(entry) {
      unwritten.add(entry);
      unwrittenBytes += entry.record.data.length;
      if (unwrittenBytes > MAX_UNWRITTEN_BYTES) flush();
    },
    forget(entry) {
      if (unwritten.delete(entry)) unwrittenBytes -= entry.record.data.length;
    },
    flush,
    sync,
    seal,
    get active() {
      return active;
    },
    get writable() {
      return !failed;
    },
    get unwrittenBytes() {
      return unwrittenBytes;
    },
  };
}
