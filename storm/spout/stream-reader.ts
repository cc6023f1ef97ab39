import type { ReportFailure } from '../../contracts/failure-log.ts';
import type { ReadRecord, StreamSource } from '../../stream/stream-source.ts';
import { type CheckpointStore, SHARD_END } from './ports.ts';
import { readShard } from './read-shard.ts';
import { encodeBatch, type RawRecord, toRawRecord } from './record-batch.ts';
import { createShardQueue, type ShardQueue, type Unit } from './shard-queue.ts';

export interface StreamReaderOptions {
  source: StreamSource;
  checkpoints: CheckpointStore;
  /** this task reads the shards whose number, modulo `tasks`, is `task` */
  task: number;
  tasks: number;
  pollMs: number;
  /** read of a shard at most; default: without bound */
  bytesPerSecond?: number;
  maxUnitEvents: number;
  maxUnitBytes: number;
  /** reading stops while more than this is buffered or in flight */
  maxBufferedEvents: number;
  maxBufferedBytes: number;
  log(message: string): void;
  report: ReportFailure;
}

export interface StreamReader {
  next(now?: number): Unit | undefined;
  ack(id: string): void;
  fail(id: string, now?: number): void;
  setActive(active: boolean): void;
  /** Looks for shards to read: new ones, and children whose parents were read to the end. */
  discover(): Promise<void>;
  /**
   * True when some task has read a shard to its end since the last discovery: its children may be read now, and this
   * task may not even know them. Asks the checkpoints alone, so it may be called often.
   */
  sawEnd(): Promise<boolean>;
  /** Saves how far each shard was acked; finds the children of a shard that was read and acked to its end. */
  checkpoint(): Promise<void>;
  stop(): void;
}

interface Reader {
  shard: string;
  queue: ShardQueue;
  saved: string | null;
  ended: boolean;
  abort: AbortController;
}

/**
 * Reads the shards of a stream that belong to this task. There are no leases: Storm runs each task once, and where
 * two overlap for a moment (a worker that was given up lives on), the primary key of the events absorbs it.
 */
export function createStreamReader(options: StreamReaderOptions): StreamReader {
  const { source, checkpoints, log, report } = options;
  const readers = new Map<string, Reader>();
  /** which reader a tuple in flight belongs to */
  const owners = new Map<string, Reader>();
  /** read to their end by this process; a discovery that loaded the checkpoints before must not start them again */
  const finished = new Set<string>();
  /** read to their end by any task, as the last discovery knew */
  let ended: ReadonlySet<string> = new Set();
  let stream: string | undefined;
  let active = true;
  let stopped = false;
  let unitCount = 0;
  let events = 0;
  let bytes = 0;
  let turn = 0;

  const owns = (shard: string) => shardNumber(shard) % options.tasks === options.task;
  const mayRead = () => active && events < options.maxBufferedEvents && bytes < options.maxBufferedBytes;

  function start(shard: string, from: string | null): void {
    const reader: Reader = {
      shard,
      queue: createShardQueue(),
      saved: from,
      ended: false,
      abort: new AbortController(),
    };
    readers.set(shard, reader);
    log(`reading ${shard} ${from === null ? 'from its oldest record' : `behind ${from}`}`);
    const deliver = (records: ReadRecord[]) => {
      for (const unit of cut(records, shard, options, () => `${unitCount++}`)) {
        reader.queue.push(unit);
        events += unit.events;
        bytes += unit.bytes;
      }
    };
    const { signal } = reader.abort;
    const { pollMs, bytesPerSecond } = options;
    void readShard({
      source,
      shard,
      from,
      deliver,
      mayRead,
      pollMs,
      bytesPerSecond,
      signal,
      log,
      report,
    }).then((outcome) => {
      reader.ended = outcome === 'end';
    });
  }

  /** Forgets everything read; acks that still come in for it are of no interest. */
  function reset(): void {
    for (const reader of readers.values()) reader.abort.abort();
    readers.clear();
    owners.clear();
    finished.clear();
    events = 0;
    bytes = 0;
  }

  /** A closed shard leaves the list with its last record; what was read of it is still in flight, or all stored. */
  function dropTrimmed(reader: Reader): void {
    if (!reader.queue.drained) return;
    log(`${reader.shard} is no longer in the stream`);
    reader.abort.abort();
    readers.delete(reader.shard);
  }

  async function discover(): Promise<void> {
    const described = await source.describe();
    if (stream !== undefined && described !== stream) {
      log(`stream ${stream} was replaced by ${described}`);
      reset();
    }
    stream = described;
    // before the list: an end that is saved between the two is seen by `sawEnd`, and the list is fetched again
    const saved = await checkpoints.load(described);
    const shards = await source.listShards();
    ended = endsIn(saved);
    const present = new Set(shards.map((shard) => shard.id));
    for (const reader of readers.values()) if (!present.has(reader.shard)) dropTrimmed(reader);
    for (const { id, parents } of shards) {
      if (stopped || !owns(id) || readers.has(id)) continue;
      if (finished.has(id) || saved.get(id) === SHARD_END) continue;
      // a parent that is listed no more was trimmed; one that is read elsewhere shows up in the checkpoints
      const waits = parents.some((parent) => present.has(parent) && saved.get(parent) !== SHARD_END);
      if (!waits) start(id, saved.get(id) ?? null);
    }
  }

  return {
    discover,
    next(now = performance.now()) {
      const all = [...readers.values()];
      for (let i = 0; i < all.length; i++) {
        const reader = all[turn++ % all.length] as Reader;
        const unit = reader.queue.take(now);
        if (!unit) continue;
        owners.set(unit.id, reader);
        return unit;
      }
      return undefined;
    },
    ack(id) {
      const unit = owners.get(id)?.queue.ack(id);
      owners.delete(id);
      if (!unit) return;
      events -= unit.events;
      bytes -= unit.bytes;
    },
    fail(id, now = performance.now()) {
      owners.get(id)?.queue.fail(id, now);
      owners.delete(id);
    },
    setActive(value) {
      active = value;
    },
    async sawEnd() {
      // a single task discovers by itself when it saves an end
      if (options.tasks === 1 || stream === undefined) return false;
      const now = endsIn(await checkpoints.load(stream));
      return [...now].some((shard) => !ended.has(shard));
    },
    async checkpoint() {
      let sawOwnEnd = false;
      for (const reader of [...readers.values()]) {
        const position = reader.ended && reader.queue.drained ? SHARD_END : reader.queue.acked;
        if (position === null || position === reader.saved || stream === undefined) continue;
        await checkpoints.save(stream, reader.shard, position);
        reader.saved = position;
        if (position !== SHARD_END) continue;
        log(`${reader.shard} was read to its end`);
        readers.delete(reader.shard);
        finished.add(reader.shard);
        sawOwnEnd = true;
      }
      if (sawOwnEnd) await discover();
    },
    stop() {
      stopped = true;
      reset();
    },
  };
}

function endsIn(saved: Map<string, string>): Set<string> {
  return new Set([...saved].filter(([, sequence]) => sequence === SHARD_END).map(([shard]) => shard));
}

/** `shardId-000000000007` is 7. */
function shardNumber(shard: string): number {
  return Number(/\d+$/.exec(shard)?.[0] ?? 0);
}

/** Cuts a page into units; a record is never cut, so one above the bounds is a unit of its own. */
function* cut(
  records: ReadRecord[],
  shard: string,
  { maxUnitEvents, maxUnitBytes }: { maxUnitEvents: number; maxUnitBytes: number },
  newId: () => string,
): Generator<Unit> {
  let batch: RawRecord[] = [];
  let events = 0;
  let bytes = 0;
  const close = (): Unit => {
    const sequence = (batch.at(-1) as RawRecord).sequence;
    const unit = { id: newId(), sequence, payload: encodeBatch(batch), events, bytes };
    batch = [];
    events = 0;
    bytes = 0;
    return unit;
  };
  for (const { sequence, data } of records) {
    const record = toRawRecord(shard, sequence, data);
    const count = countEvents(record.data);
    if (batch.length > 0 && (events + count > maxUnitEvents || bytes + data.length > maxUnitBytes))
      yield close();
    batch.push(record);
    events += count;
    bytes += data.length;
  }
  if (batch.length > 0) yield close();
}

/** About how many events a record holds, without parsing it: each CloudEvent names its specversion. */
function countEvents(data: string): number {
  let count = 0;
  for (let at = data.indexOf('"specversion"'); at >= 0; at = data.indexOf('"specversion"', at + 1)) count++;
  return Math.max(1, count);
}
