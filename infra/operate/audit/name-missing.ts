import type { Tally } from '../../../stream/spool/index.ts';
import { type Boot, parseBootKey } from './boot.ts';
import { type Cell, makeCell, parseCell } from './cell.ts';
import type { Gap } from './find-gaps.ts';
import { gapsIn, type Range } from './ranges.ts';

/** Events that are in no book but the one that counted them: n from `from` to `to` of one start of a producer. */
export interface Missing extends Boot, Range {
  /**
   * Where the node's book tells: whose they are, and of which minute. One entry: all of them; more: what is missing in
   * all of the segment that they were in, which may have other gaps.
   */
  of: { client: string; minute: string; events: number }[];
  /** receipts of the events beside them, null where there is none stored */
  after: Date | null;
  before: Date | null;
}

/** How many events of which cell are there of a tally: stored, or under way. */
export type Present = Map<Tally, Map<Cell, number>>;

/** Cuts the gaps at the borders of the segments that were retired, and says whose the events were. */
export function nameMissing(
  gaps: Gap[],
  tallies: Tally[],
  present: Present,
  receipts: Map<string, Date>,
): Missing[] {
  return gaps.flatMap((gap) => {
    const boot = parseBootKey(gap.key);
    const inTallies = tallies
      .filter((tally) => touches(tally, boot, gap))
      .sort((a, b) => a.from - b.from)
      .map((tally) => ({
        from: Math.max(tally.from, gap.from),
        to: Math.min(tally.to, gap.to),
        of: deficits(tally, present.get(tally) ?? new Map()),
      }));
    const rest = gapsIn(gap, inTallies).map((range) => ({ ...range, of: [] }));
    const after = receipts.get(`${gap.key} ${gap.previous}`) ?? null;
    const before = receipts.get(`${gap.key} ${gap.next}`) ?? null;
    return [...inTallies, ...rest]
      .sort((a, b) => a.from - b.from)
      .map(({ from, to, of }): Missing => ({ ...boot, from, to, of, after, before }));
  });
}

export function touches(tally: Tally, { producer, boot }: Boot, { from, to }: Range): boolean {
  return tally.producer === producer && tally.boot === boot && tally.from <= to && tally.to >= from;
}

function deficits(tally: Tally, present: Map<Cell, number>): Missing['of'] {
  const left = new Map<Cell, number>();
  for (const { client, minute, events } of tally.counts) {
    const cell = makeCell(client, minute);
    left.set(cell, (left.get(cell) ?? 0) + events);
  }
  return [...left]
    .map(([cell, events]) => ({ ...parseCell(cell), events: events - (present.get(cell) ?? 0) }))
    .filter(({ events }) => events > 0);
}
