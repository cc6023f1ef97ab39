import { type FileHandle, open } from 'node:fs/promises';
import { decodeFrame, frameAt } from './frames.ts';
import * as metrics from './metrics.ts';
import type { Entry, Segment } from './segment.ts';
import { OPEN, PARKED, SETTLED } from './slots.ts';

export interface Limits {
  records: number;
  bytes: number;
}

/** The segments on disk, oldest first, and the records of them that Kinesis has still to take. */
export interface Backlog {
  readonly segments: readonly Segment[];
  /** `own`: of this process; those that it adopts are older */
  add(segment: Segment, own: boolean): void;
  remove(segments: Segment[]): void;
  /** The oldest parked records of a stream, read back; they are the caller's, who settles or parks each. */
  take(stream: string, limits: Limits): Promise<Entry[]>;
  parked(stream: string): number;
  streams(): Set<string>;
}

/** @param lost told of records that can not be read back, once a segment */
export function createBacklog(lost: (segment: Segment, why: string) => void): Backlog {
  const adopted: Segment[] = [];
  const own: Segment[] = [];
  const all = () => [...adopted, ...own];

  function giveUp(segment: Segment, index: number, why: string): void {
    metrics.unreadable.inc();
    segment.slots.set(index, SETTLED);
    if (!segment.damaged) lost(segment, why);
    segment.damaged = true;
  }

  async function readBack(segment: Segment, stream: string, indexes: number[]): Promise<Entry[]> {
    let file: FileHandle;
    try {
      file = await open(segment.path, 'r');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      for (const index of indexes)
        if (code === 'ENOENT') giveUp(segment, index, 'the file is gone');
        else segment.slots.set(index, PARKED);
      return [];
    }
    try {
      const entries: Entry[] = [];
      for (const run of runsOf(indexes)) {
        const start = segment.slots.offset(run[0] as number) as number;
        const end = segment.slots.offset((run.at(-1) as number) + 1) ?? segment.bytes;
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
        for (const index of run) {
          const frame = frameAt(
            buffer.subarray(0, bytesRead),
            (segment.slots.offset(index) as number) - start,
          );
          if (frame) entries.push(entryOf(segment, stream, index, frame));
          else giveUp(segment, index, 'its checksum is wrong');
        }
      }
      return entries;
    } catch {
      // the disk fails to read: it is tried again
      for (const index of indexes) if (segment.slots.state(index) === OPEN) segment.slots.set(index, PARKED);
      return [];
    } finally {
      await file.close();
    }
  }

  return {
    get segments() {
      return all();
    },
    add: (segment, isOwn) => void (isOwn ? own : adopted).push(segment),
    remove(segments) {
      const gone = new Set(segments);
      for (const list of [adopted, own])
        list.splice(0, list.length, ...list.filter((segment) => !gone.has(segment)));
    },
    async take(stream, limits) {
      const entries: Entry[] = [];
      let { records, bytes } = limits;
      for (const segment of all()) {
        if (segment.slots.parked(stream) === 0) continue;
        const indexes: number[] = [];
        let index = segment.slots.nextParked(stream, 0);
        for (; index >= 0 && records > 0; index = segment.slots.nextParked(stream, index + 1)) {
          const end = segment.slots.offset(index + 1) ?? segment.bytes;
          bytes -= end - (segment.slots.offset(index) as number);
          if (bytes < 0 && records < limits.records) break;
          records--;
          segment.slots.set(index, OPEN);
          indexes.push(index);
        }
        entries.push(...(await readBack(segment, stream, indexes)));
        if (records === 0 || bytes < 0) break;
      }
      return entries;
    },
    parked: (stream) => all().reduce((sum, { slots }) => sum + slots.parked(stream), 0),
    streams: () => new Set(all().flatMap(({ slots }) => [...slots.streams()])),
  };
}

/** `[1, 2, 3, 7]` → `[[1, 2, 3], [7]]` */
function runsOf(indexes: number[]): number[][] {
  const runs: number[][] = [];
  for (const index of indexes) {
    const run = runs.at(-1);
    if (run && run.at(-1) === index - 1) run.push(index);
    else runs.push([index]);
  }
  return runs;
}

function entryOf(segment: Segment, stream: string, index: number, frame: Buffer): Entry {
  const { partitionKey, data } = decodeFrame(frame);
  const events = segment.slots.events(index);
  // the rest is in the segment's tally already
  return {
    stream,
    segment,
    index,
    record: { partitionKey, data, events, client: '', receivedAt: 0, from: 0 },
  };
}
