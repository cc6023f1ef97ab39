import { closeSync } from 'node:fs';
import { adopt, listOrphans } from './adopt.ts';
import { createBacklog, type Limits } from './backlog.ts';
import { createJournal, type JournalFs } from './journal.ts';
import { showSpool } from './metrics.ts';
import { type Owner, thisOwner } from './owner.ts';
import type { Tally } from './read-tallies.ts';
import { createRetirement } from './retirement.ts';
import type { Entry, Segment } from './segment.ts';
import { PARKED, SETTLED } from './slots.ts';
import type { StreamRecord } from './stream-record.ts';
import { createTallyCount } from './tally.ts';

/** Segments that are done are retired together. */
const SWEEP_MS = 1_000;
/** Nothing was written for so long: the active segment is retired as well, so that at rest the spool is empty. */
const IDLE_MS = 1_000;
/** Above it the active segment is retired as soon as Kinesis has all of it. */
const SMALL_BYTES = 64 * 1024;
/** Another plugin server on this folder may die at any time. */
const ADOPT_MS = 5_000;
const HOUR_MS = 3_600_000;

export interface SpoolOptions {
  dir: string;
  /** names this process in every stamp */
  boot: string;
  producer: string;
  owner?: Owner;
  fs?: JournalFs;
  /** a sentence for a person, about the disk or about what was found on it */
  say(sentence: string): void;
  /** told of a stream that has records of an earlier process */
  found?(stream: string): void;
}

/** A node's write-ahead spool: what is in it outlives the process, and the machine once it is durable. */
export interface Spool {
  /** Takes the record, to be written with the next flush; calls in the order of n. */
  add(stream: string, record: StreamRecord): Entry;
  /** Writes what was added, in one write. */
  flush(): void;
  /** Flushes and fsyncs; concurrent calls share it. Never throws: isDurable tells. */
  sync(): Promise<void>;
  isDurable(entry: Entry): boolean;
  /** Kinesis has it. */
  settle(entry: Entry): void;
  /** From now on only the file has it; for a durable entry, or one that was taken. */
  park(entry: Entry): void;
  /** The oldest parked records, now the caller's, who settles or parks each. */
  take(stream: string, limits: Limits): Promise<Entry[]>;
  parked(stream: string): number;
  /** bytes of the segments on disk */
  readonly bytes: number;
  /** ms since the epoch, receipt of the oldest record that Kinesis has not taken */
  readonly oldestAt: number | undefined;
  /** bytes that are on no disk */
  readonly unwrittenBytes: number;
  /** false: there is no spool, or its disk fails; then Kinesis alone makes a record durable */
  readonly writable: boolean;
  /** Looks for folders whose owner is dead and takes them over. */
  adoptOrphans(): Promise<void>;
  /** Fsyncs the rest, retires what is done. What is left, a later process sends. */
  close(): Promise<void>;
}

export function openSpool(options: SpoolOptions): Spool {
  const { dir, boot, producer, say, owner = thisOwner() } = options;
  const backlog = createBacklog((segment, why) =>
    say(`spool: records of ${segment.path} can not be read (${why}); the file is kept as *.damaged`),
  );
  const journal = createJournal({
    ...{ dir, boot, producer, owner, fs: options.fs },
    begun: (segment) => backlog.add(segment, true),
    disk: (error) =>
      say(
        error
          ? `spool: the disk fails (${(error as NodeJS.ErrnoException).code ?? error.name}); until it is back only Kinesis makes events durable`
          : 'spool: the disk is back',
      ),
  });
  const retirement = createRetirement(dir, owner);
  /** acknowledged while no disk had them */
  let unspooled = createTallyCount();
  let unspooledBooks = 0;
  let sweeping: Promise<void> | undefined;
  const adopting = new Set<string>();
  let adoption: Promise<void> | undefined;

  function isIdle({ slots, bytes, writtenAt }: Segment, now: number): boolean {
    return slots.open === 0 && (now - writtenAt >= IDLE_MS || bytes > SMALL_BYTES);
  }

  async function sweep(now = performance.now()): Promise<void> {
    if (journal.active && isIdle(journal.active, now)) journal.seal();
    for (const segment of backlog.segments) closeDurable(segment);
    const done = backlog.segments.filter(
      ({ sealed, syncing, slots }) => sealed && !syncing && slots.open === 0,
    );
    const books = journal.writable ? closeBook() : [];
    if (done.length > 0 || books.length > 0) {
      backlog.remove(done);
      const gone = new Set(await retirement.retire(done, books));
      for (const segment of done) if (!gone.has(segment)) backlog.add(segment, segment.boot === boot);
    }
    for (const other of [...adopting])
      if (!backlog.segments.some((segment) => segment.boot === other)) {
        adopting.delete(other);
        await retirement.removeFolder(other);
      }
  }

  /** An outage fills many segments; they are read back by their path. */
  function closeDurable(segment: Segment): void {
    const { sealed, syncing, fd, durable, slots } = segment;
    if (!sealed || syncing || fd === undefined || durable < slots.count) return;
    segment.fd = undefined;
    closeSync(fd);
  }

  function closeBook(): Tally[] {
    const book = unspooled.close(producer, boot, `unspooled-${unspooledBooks + 1}`);
    if (!book) return [];
    unspooledBooks++;
    unspooled = createTallyCount();
    return [book];
  }

  /** One at a time; what fails on the disk is tried again with the next. */
  function sweepOnce(): Promise<void> {
    sweeping ??= sweep()
      .catch(() => {})
      .finally(() => {
        sweeping = undefined;
      });
    return sweeping;
  }

  async function adoptAll(): Promise<void> {
    for (const orphan of await listOrphans(dir)) {
      const adopted = await adopt(dir, orphan, owner);
      if (!adopted) continue;
      for (const segment of adopted.segments) backlog.add(segment, false);
      adopting.add(orphan);
      const records = adopted.segments.reduce((sum, { slots }) => sum + slots.open, 0);
      if (records > 0) say(`spool: ${records} records of an earlier process are sent again`);
      if (adopted.torn > 0) say(`spool: ${adopted.torn} bytes of a write that a crash tore are cut off`);
      for (const stream of new Set(adopted.segments.flatMap(({ slots }) => [...slots.streams()])))
        options.found?.(stream);
    }
  }

  function adoptOrphans(): Promise<void> {
    adoption ??= adoptAll()
      .catch((error: NodeJS.ErrnoException) =>
        say(`spool: ${dir} can not be read (${error.code ?? error.name})`),
      )
      .finally(() => {
        adoption = undefined;
      });
    return adoption;
  }

  const deleteOldTallies = () => void retirement.deleteOldTallies(Date.now()).catch(() => {});
  const timers = [
    setInterval(sweepOnce, SWEEP_MS),
    setInterval(adoptOrphans, ADOPT_MS),
    setInterval(deleteOldTallies, HOUR_MS),
  ];
  for (const timer of timers) timer.unref();
  deleteOldTallies();

  const spool: Spool = {
    add(stream, record) {
      const entry: Entry = { stream, record, segment: undefined, index: -1 };
      journal.add(entry);
      return entry;
    },
    flush: journal.flush,
    sync: journal.sync,
    isDurable: ({ segment, index }) => segment !== undefined && index < segment.durable,
    settle(entry) {
      if (!entry.segment) {
        journal.forget(entry);
        unspooled.add(entry.record);
        return;
      }
      entry.segment.slots.set(entry.index, SETTLED);
      entry.segment.entries.delete(entry.index);
    },
    park(entry) {
      entry.segment?.slots.set(entry.index, PARKED);
      entry.segment?.entries.delete(entry.index);
    },
    take: backlog.take,
    parked: backlog.parked,
    get bytes() {
      return backlog.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    get oldestAt() {
      const times = backlog.segments.flatMap(({ slots }) => slots.oldest() ?? []);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
    get unwrittenBytes() {
      return journal.unwrittenBytes;
    },
    get writable() {
      return journal.writable;
    },
    adoptOrphans,
    async close() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all([sweeping, adoption, journal.sync()]);
      journal.seal();
      await sweepOnce();
      if (!backlog.segments.some((segment) => segment.boot === boot))
        await retirement.removeFolder(boot).catch(() => {});
    },
  };
  showSpool(() => ({
    bytes: spool.bytes,
    records: backlog.segments.reduce((sum, { slots }) => sum + slots.open, 0),
    oldestAt: spool.oldestAt,
  }));
  return spool;
}
