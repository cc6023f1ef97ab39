import { join } from 'node:path';
import { bootDir } from './layout.ts';
import { createSlots, type Slots } from './slots.ts';
import type { StreamRecord } from './stream-record.ts';
import { createTallyCount, type TallyCount } from './tally.ts';

/** A record in somebody's hands. Without a segment it is on no disk (yet). */
export interface Entry {
  readonly stream: string;
  readonly record: StreamRecord;
  segment: Segment | undefined;
  index: number;
}

/** A file of frames, and what is known of its records. */
export interface Segment {
  readonly boot: string;
  readonly name: string;
  readonly path: string;
  producer: string;
  /** of intact frames */
  bytes: number;
  /** while it is written, or not all of it is fsynced */
  fd: number | undefined;
  /** nothing more is appended */
  sealed: boolean;
  /** an fsync is under way: the file must not be closed */
  syncing: boolean;
  /** the first so many records are fsynced */
  durable: number;
  /** whether the folder's entry of it is fsynced */
  listed: boolean;
  /** ms of performance.now() */
  writtenAt: number;
  /** a record of it can not be read any more: the file is kept for a person to look at */
  damaged: boolean;
  slots: Slots;
  tally: TallyCount;
  /** what is OPEN since it was written */
  entries: Map<number, Entry>;
}

export function createSegment(dir: string, boot: string, name: string, producer: string): Segment {
  return {
    ...{ boot, name, producer, path: join(bootDir(dir, boot), name) },
    ...{ bytes: 0, fd: undefined, sealed: false, syncing: false, durable: 0, listed: false },
    ...{ writtenAt: performance.now(), damaged: false, slots: createSlots(), tally: createTallyCount() },
    entries: new Map(),
  };
}
