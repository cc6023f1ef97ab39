import { producerTriple, type StampedEvent } from '../../../contracts/stamped-event.ts';
import type { Tally } from '../../../stream/spool/index.ts';
import { gapsIn, incarnationKey, mergeRanges, type Range, sizeOf } from './numbering.ts';
import { type Cell, makeCell, minuteOf } from './window.ts';

/** A record that lies in a segment of a spool. */
export interface SpooledRecord {
  boot: string;
  segment: string;
  events: { producer: string; boot: string; n: string }[];
}

export interface SpoolReader {
  segments(dir: string): AsyncIterable<SpooledRecord>;
  tallies(dir: string): AsyncIterable<Tally>;
}

/** What the nodes wrote down when they received it, whatever became of it then. */
export interface NodeBooks {
  received: Map<Cell, number>;
  /** by incarnation key: the n that are in `received` */
  covered: Map<string, Range[]>;
  /** by incarnation key: the highest n at the moment the books were read; what came later is not judged by them */
  horizon: Map<string, number>;
  /** those that hold every n from their first to their last */
  tallies: Tally[];
}

interface Segment {
  received: Map<Cell, number>;
  ranges: Map<string, Range[]>;
}

/**
 * Tallies, segments, tallies again: a segment that is retired meanwhile is met in one of them. Everything up to the
 * horizon was in a segment or had left it for Kinesis by then, so that what is read later (the stream, then the
 * tables) holds the rest. The same spool may be given twice, as it was and as it is.
 */
export async function readNodeBooks(
  dirs: string[],
  spool: SpoolReader,
  underWay: UnderWay,
): Promise<NodeBooks> {
  const books: NodeBooks = { received: new Map(), covered: new Map(), horizon: new Map(), tallies: [] };
  const tallies = new Map<string, Tally>();
  for (const dir of dirs) for await (const tally of spool.tallies(dir)) tallies.set(segmentKey(tally), tally);
  for (const tally of tallies.values())
    if (isWhole(tally)) raise(books.horizon, incarnationKey(tally), tally.to);

  const segments = new Map<string, Segment>();
  for (const dir of dirs)
    for await (const record of spool.segments(dir)) {
      const key = segmentKey(record);
      const segment = segments.get(key) ?? { received: new Map(), ranges: new Map() };
      segments.set(key, segment);
      for (const event of record.events) readEvent(event, segment, underWay, books.horizon);
    }
  for (const dir of dirs)
    for await (const tally of spool.tallies(dir)) {
      const key = segmentKey(tally);
      const early = tally.to <= (books.horizon.get(incarnationKey(tally)) ?? 0);
      if (early && !tallies.has(key) && !segments.has(key)) tallies.set(key, tally);
    }
  enter(books, tallies, segments);
  return books;
}

function enter(books: NodeBooks, tallies: Map<string, Tally>, segments: Map<string, Segment>): void {
  const { received, covered } = books;
  const [whole, partial] = [[...tallies.values()].filter(isWhole), [...tallies.values()].filter(isPartial)];
  for (const tally of whole) {
    cover(covered, incarnationKey(tally), tally);
    count(received, tally);
    books.tallies.push(tally);
  }
  for (const [key, segment] of segments) {
    if (tallies.has(key)) continue;
    for (const [cell, events] of segment.received) add(received, cell, events);
    for (const [boot, ranges] of segment.ranges) for (const range of ranges) cover(covered, boot, range);
  }
  for (const [key, ranges] of covered) covered.set(key, mergeRanges(ranges));
  for (const [key, parts] of Map.groupBy(partial, incarnationKey)) enterPartial(books, key, parts);
}

/**
 * While a disk fails a node tallies what no segment has, so between others. Which n these are follows from the rest when
 * that leaves as many as were counted; else their events are taken from the numbering, as those of a node without a book.
 */
function enterPartial({ received, covered, horizon }: NodeBooks, key: string, tallies: Tally[]): void {
  const known = covered.get(key) ?? [];
  const left = mergeRanges(tallies).flatMap((range) => gapsIn(range, known));
  if (sizeOf(left) !== tallies.reduce((sum, tally) => sum + eventsOf(tally), 0)) return;
  for (const tally of tallies) {
    count(received, tally);
    raise(horizon, key, tally.to);
  }
  covered.set(key, mergeRanges([...known, ...left]));
}

const eventsOf = ({ counts }: Tally) => counts.reduce((sum, { events }) => sum + events, 0);
const isWhole = (tally: Tally) => eventsOf(tally) === tally.to - tally.from + 1;
const isPartial = (tally: Tally) => !isWhole(tally);

function count(received: Map<Cell, number>, { counts }: Tally): void {
  for (const { client, minute, events } of counts) add(received, makeCell(client, minute), events);
}

function readEvent(
  event: SpooledRecord['events'][number],
  segment: Segment,
  underWay: UnderWay,
  horizon: Map<string, number>,
): void {
  const key = incarnationKey(event);
  const n = Number(event.n);
  // a segment that was copied from another node's disk is there twice
  const known = underWay.incarnations.get(key)?.has(n);
  if (known || !underWay.add(event)) return;
  raise(horizon, key, n);
  const cell = underWay.incarnations.get(key)?.get(n);
  if (!cell) return;
  add(segment.received, cell, 1);
  cover(segment.ranges, key, { from: n, to: n });
}

function cover(covered: Map<string, Range[]>, key: string, { from, to }: Range): void {
  const ranges = covered.get(key);
  const last = ranges?.at(-1);
  if (!ranges) covered.set(key, [{ from, to }]);
  else if (last && last.to + 1 === from) last.to = to;
  else ranges.push({ from, to });
}

function add(counts: Map<Cell, number>, cell: Cell, events: number): void {
  counts.set(cell, (counts.get(cell) ?? 0) + events);
}

function raise(horizon: Map<string, number>, key: string, n: number): void {
  horizon.set(key, Math.max(horizon.get(key) ?? 0, n));
}

const segmentKey = ({ boot, segment }: { boot: string; segment: string }) => `${boot} ${segment}`;

/** Events seen in a spool or on the stream: they may be stored meanwhile, or be on their way still. */
export interface UnderWay {
  /** False when it has no triple: no producer of ours stamped it. */
  add(event: unknown): boolean;
  /** by incarnation key: every n once, with its cell, null where client or receipt can't be read */
  readonly incarnations: Map<string, Map<number, Cell | null>>;
  /** `<client> <event id>` of facts */
  readonly facts: Set<string>;
}

export function createUnderWay(): UnderWay {
  const incarnations = new Map<string, Map<number, Cell | null>>();
  const facts = new Set<string>();
  /** equal cells share one string: under way may be millions of events when Kinesis was down */
  const cells = new Map<string, Cell>();
  const cellOf = ({ clientid, receivedtime }: Partial<StampedEvent>): Cell | null => {
    const minute = typeof receivedtime === 'string' ? minuteOf(receivedtime) : null;
    if (!minute || typeof clientid !== 'string') return null;
    const cell = makeCell(clientid, minute);
    const known = cells.get(cell);
    if (!known) cells.set(cell, cell);
    return known ?? cell;
  };
  return {
    incarnations,
    facts,
    add(event) {
      const triple = producerTriple.safeParse(event);
      if (!triple.success) return false;
      const stamped = event as Partial<StampedEvent>;
      const key = incarnationKey(triple.data);
      let numbers = incarnations.get(key);
      if (!numbers) {
        numbers = new Map();
        incarnations.set(key, numbers);
      }
      numbers.set(Number(triple.data.n), cellOf(stamped));
      if (typeof stamped.type === 'string' && stamped.type.startsWith('pistats.'))
        facts.add(factKey(String(stamped.clientid), String(stamped.id)));
      return true;
    },
  };
}

export const factKey = (client: string, id: string) => `${client} ${id.toLowerCase()}`;
