import { bootKey } from './boot.ts';
import { type Cell, makeCell } from './cell.ts';
import { mergeRanges, type Range } from './ranges.ts';
import type { UnderWay } from './under-way.ts';

/** A record that lies in a segment of a spool. */
export interface SpooledRecord {
  boot: string;
  segment: string;
  events: { producer: string; boot: string; n: string }[];
}

/** What was in a segment that Kinesis has acknowledged to the last record. */
export interface Tally {
  producer: string;
  boot: string;
  segment: string;
  from: number;
  to: number;
  counts: { client: string; minute: string; events: number }[];
}

export interface SpoolReader {
  segments(dir: string): AsyncIterable<SpooledRecord>;
  tallies(dir: string): AsyncIterable<Tally>;
}

/** What the nodes wrote down when they received it, whatever became of it then. */
export interface NodeBooks {
  received: Map<Cell, number>;
  /** by boot key: the n that are in `received` */
  covered: Map<string, Range[]>;
  /** by boot key: the highest n at the moment the books were read; what came later is not judged by them */
  horizon: Map<string, number>;
  tallies: Tally[];
}

/**
 * Tallies, segments, tallies again: a segment that is retired meanwhile is met in one of them. Everything up to the
 * horizon was in a segment or had left it for Kinesis by then, so that what is read later (the stream, then the
 * tables) holds the rest.
 */
export async function readNodeBooks(
  dirs: string[],
  spool: SpoolReader,
  underWay: UnderWay,
): Promise<NodeBooks> {
  const books: NodeBooks = { received: new Map(), covered: new Map(), horizon: new Map(), tallies: [] };
  for (const dir of dirs) await readOne(dir, spool, underWay, books);
  for (const [key, ranges] of books.covered) books.covered.set(key, mergeRanges(ranges));
  return books;
}

interface Segment {
  received: Map<Cell, number>;
  ranges: Map<string, Range[]>;
}

async function readOne(dir: string, spool: SpoolReader, underWay: UnderWay, books: NodeBooks): Promise<void> {
  const { received, covered, horizon } = books;
  const tallies = new Map<string, Tally>();
  for await (const tally of spool.tallies(dir)) {
    tallies.set(segmentKey(tally), tally);
    raise(horizon, bootKey(tally), tally.to);
  }
  const segments = new Map<string, Segment>();
  for await (const record of spool.segments(dir)) {
    const key = segmentKey(record);
    const segment = segments.get(key) ?? { received: new Map(), ranges: new Map() };
    segments.set(key, segment);
    for (const event of record.events) readEvent(event, segment, underWay, horizon);
  }
  for await (const tally of spool.tallies(dir)) {
    const key = segmentKey(tally);
    const early = tally.to <= (horizon.get(bootKey(tally)) ?? 0);
    if (early && !tallies.has(key) && !segments.has(key)) tallies.set(key, tally);
  }
  for (const tally of tallies.values()) {
    cover(covered, bootKey(tally), tally);
    for (const { client, minute, events } of tally.counts) add(received, makeCell(client, minute), events);
    books.tallies.push(tally);
  }
  for (const [key, segment] of segments) {
    if (tallies.has(key)) continue;
    for (const [cell, events] of segment.received) add(received, cell, events);
    for (const [boot, ranges] of segment.ranges) for (const range of ranges) cover(covered, boot, range);
  }
}

function readEvent(
  event: SpooledRecord['events'][number],
  segment: Segment,
  underWay: UnderWay,
  horizon: Map<string, number>,
): void {
  const key = bootKey(event);
  const n = Number(event.n);
  // a segment that was copied from another node's disk is there twice
  const known = underWay.boots.get(key)?.has(n);
  if (known || !underWay.add(event)) return;
  raise(horizon, key, n);
  const cell = underWay.boots.get(key)?.get(n);
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
