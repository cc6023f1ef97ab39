import type { StreamRecord } from './stream-record.ts';

/** OPEN: a sender has it in memory; PARKED: only the file has it, to be sent; SETTLED: nothing is left to do. */
export const OPEN = 0;
export const PARKED = 1;
export const SETTLED = 2;
export type SlotState = typeof OPEN | typeof PARKED | typeof SETTLED;

/** The records of a segment, by their place in it. Columns: a full spool holds millions of them. */
export interface Slots {
  readonly count: number;
  /** not SETTLED */
  readonly open: number;
  add(
    stream: string,
    record: Pick<StreamRecord, 'receivedAt' | 'events'>,
    offset: number,
    state: SlotState,
  ): number;
  set(index: number, state: SlotState): void;
  state(index: number): SlotState;
  /** where the record's frame starts; for `count` undefined */
  offset(index: number): number | undefined;
  events(index: number): number;
  parked(stream: string): number;
  streams(): Iterable<string>;
  /** The first PARKED record of the stream at `from` or behind it; -1 when there is none. */
  nextParked(stream: string, from: number): number;
  /** receivedAt of the first record that is not SETTLED */
  oldest(): number | undefined;
}

export function createSlots(): Slots {
  const states: SlotState[] = [];
  const offsets: number[] = [];
  const times: number[] = [];
  const events: number[] = [];
  const streams: string[] = [];
  const parked = new Map<string, number>();
  let open = 0;
  /** all before it are SETTLED */
  let first = 0;
  const count = (stream: string, by: number) => parked.set(stream, (parked.get(stream) ?? 0) + by);

  return {
    get count() {
      return states.length;
    },
    get open() {
      return open;
    },
    add(stream, record, offset, state) {
      offsets.push(offset);
      times.push(record.receivedAt);
      events.push(record.events);
      streams.push(stream);
      if (state !== SETTLED) open++;
      if (state === PARKED) count(stream, 1);
      return states.push(state) - 1;
    },
    set(index, state) {
      const before = states[index];
      if (before === undefined || before === SETTLED || before === state) return;
      const stream = streams[index] as string;
      if (before === PARKED) count(stream, -1);
      if (state === PARKED) count(stream, 1);
      if (state === SETTLED) open--;
      states[index] = state;
      // a record may be parked behind the scan's place, so only the settled are passed for good
      while (states[first] === SETTLED) first++;
    },
    state: (index) => states[index] ?? SETTLED,
    offset: (index) => offsets[index],
    events: (index) => events[index] ?? 0,
    parked: (stream) => parked.get(stream) ?? 0,
    streams: () => parked.keys(),
    nextParked(stream, from) {
      for (let index = Math.max(first, from); index < states.length; index++)
        if (states[index] === PARKED && streams[index] === stream) return index;
      return -1;
    },
    oldest: () => (open > 0 ? times[first] : undefined),
  };
}
