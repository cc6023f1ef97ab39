/** One start of one producer; within it n counts from 1. */
export interface Incarnation {
  producer: string;
  boot: string;
}

/** A producer's name holds no blank (contracts/stamped-event.ts). */
export const incarnationKey = ({ producer, boot }: Incarnation) => `${producer} ${boot.toLowerCase()}`;

export function parseIncarnationKey(key: string): Incarnation {
  const [producer = '', boot = ''] = key.split(' ');
  return { producer, boot };
}

/** An event by its stamp: `key` is its incarnation's. */
export interface Triple {
  key: string;
  n: number;
}

export const toTriple = (event: Incarnation & { n: string }): Triple => ({
  key: incarnationKey(event),
  n: Number(event.n),
});

/** Whole numbers from `from` to `to`, both included. */
export interface Range {
  from: number;
  to: number;
}

/** The same numbers as the fewest ranges, in order. */
export function mergeRanges(ranges: Iterable<Range>): Range[] {
  const merged: Range[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** What of `whole` is in none of `parts`, which are merged. */
export function gapsIn(whole: Range, parts: Range[]): Range[] {
  const gaps: Range[] = [];
  let next = whole.from;
  for (const { from, to } of parts) {
    if (to < next) continue;
    if (from > whole.to) break;
    if (from > next) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= whole.to) gaps.push({ from: next, to: whole.to });
  return gaps;
}

/** Whether one of `ranges`, which are merged, holds `n`. */
export function holds(ranges: Range[], n: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { from, to } = ranges[middle] as Range;
    if (n < from) high = middle - 1;
    else if (n > to) low = middle + 1;
    else return true;
  }
  return false;
}

export const sizeOf = (ranges: Range[]) => ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);

export function rangesOf(numbers: Iterable<number>): Range[] {
  return mergeRanges([...numbers].map((n) => ({ from: n, to: n })));
}
