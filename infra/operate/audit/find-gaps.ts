import { type Cell, parseCell } from './cell.ts';
import type { NodeBooks } from './node-books.ts';
import { gapsIn, mergeRanges, type Range } from './ranges.ts';
import { rangesOf, type UnderWay } from './under-way.ts';
import type { Window } from './window.ts';

export interface Gap extends Range {
  /** boot key */
  key: string;
  /** whether a node's book holds these n: then the stream has taken them, or a spool has them */
  covered: boolean;
  /** the next n below and above it that is there, if any is */
  previous: number;
  next: number;
}

/** By boot key the lowest and the highest n of the window, from whichever book names one. */
export function wantedRanges(
  window: Window,
  touched: Map<string, Range>,
  books: NodeBooks,
  underWay: UnderWay,
): Map<string, Range> {
  const wanted = new Map<string, Range>();
  const widen = (key: string, { from, to }: Range) => {
    const known = wanted.get(key);
    wanted.set(key, { from: Math.min(from, known?.from ?? from), to: Math.max(to, known?.to ?? to) });
  };
  for (const [key, range] of touched) widen(key, range);
  for (const { producer, boot, counts, from, to } of books.tallies)
    if (counts.some(({ minute }) => inWindow(window, minute))) widen(`${producer} ${boot}`, { from, to });
  for (const [key, numbers] of underWay.boots)
    for (const [n, cell] of numbers) if (!cell || cellInWindow(window, cell)) widen(key, { from: n, to: n });
  return wanted;
}

export const inWindow = ({ from, to }: Window, minute: string) => {
  const time = Date.parse(minute);
  return time >= from.getTime() && time < to.getTime();
};

export const cellInWindow = (window: Window, cell: Cell) => inWindow(window, parseCell(cell).minute);

/**
 * Every n that no book holds. Around the window's own n each gap is followed to the next n that is there (or to 1, where
 * every boot begins), so that what was lost at a window's edge is named in both windows rather than in none.
 */
export function findGaps(
  wanted: Map<string, Range>,
  stored: Map<string, Range[]>,
  underWay: UnderWay,
  { horizon, covered }: Pick<NodeBooks, 'horizon' | 'covered'>,
): Gap[] {
  const gaps: Gap[] = [];
  for (const [key, { from, to }] of wanted) {
    const present = mergeRanges([
      ...(stored.get(key) ?? []),
      ...rangesOf(underWay.boots.get(key)?.keys() ?? []),
    ]);
    const below = present.findLast((range) => range.from < from);
    const above = present.find((range) => range.to > to);
    const whole = {
      from: below ? Math.min(below.to + 1, from) : 1,
      to: Math.min(above ? Math.max(above.from - 1, to) : to, horizon.get(key) ?? Number.MAX_SAFE_INTEGER),
    };
    const inBooks = covered.get(key) ?? [];
    for (const gap of gapsIn(whole, present)) {
      const beside = { key, previous: gap.from - 1, next: gap.to + 1 };
      const unknown = gapsIn(gap, inBooks);
      for (const range of unknown) gaps.push({ ...range, ...beside, covered: false });
      for (const range of gapsIn(gap, unknown)) gaps.push({ ...range, ...beside, covered: true });
    }
  }
  return gaps;
}
