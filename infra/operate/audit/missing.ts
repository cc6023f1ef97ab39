import type { Tally } from '../../../stream/spool/index.ts';
import type { NodeBooks, UnderWay } from './ledger.ts';
import {
  gapsIn,
  holds,
  type Incarnation,
  mergeRanges,
  parseIncarnationKey,
  type Range,
  rangesOf,
} from './numbering.ts';
import type { Snapshot } from './snapshot.ts';
import { type Cell, cellInWindow, inWindow, makeCell, minuteOf, parseCell, type Window } from './window.ts';

export interface Gap extends Range {
  /** incarnation key */
  key: string;
  /** whether a node's book holds these n: then the stream has taken them, or a spool has them */
  covered: boolean;
  /** the next n below and above it that is there, if any is */
  previous: number;
  next: number;
}

/** By incarnation key the lowest and the highest n of the window, from whichever book names one. */
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
  for (const [key, numbers] of underWay.incarnations)
    for (const [n, cell] of numbers) if (!cell || cellInWindow(window, cell)) widen(key, { from: n, to: n });
  return wanted;
}

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
      ...rangesOf(underWay.incarnations.get(key)?.keys() ?? []),
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

/** Events that are in no book but the one that counted them: n from `from` to `to` of one start of a producer. */
export interface Missing extends Incarnation, Range {
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
    const boot = parseIncarnationKey(gap.key);
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

export function touches(tally: Tally, { producer, boot }: Incarnation, { from, to }: Range): boolean {
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

const COUNT_IN_TALLIES = `
select t.index::int, a.client_id, date_trunc('minute', a.received_at) as minute, count(*)::float8 as events
from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) with ordinality as t(producer, boot, low, high, index)
cross join lateral (
  (select client_id, received_at from events x
    where x.producer = t.producer and x.boot = t.boot and x.n between t.low and t.high offset 0)
  union all
  (select client_id, coalesce(received_at, stored_at) from duplicates x
    where x.producer = t.producer and x.boot = t.boot and x.n between t.low and t.high offset 0)
  union all
  (select coalesce(client_id, ''), coalesce(received_at, rejected_at) from rejected_events x
    where x.producer = t.producer and x.boot = t.boot and x.n between t.low and t.high offset 0)
) as a
group by 1, 2, 3`;

/** What is there of each of the given segments, stored or under way, by client and minute. */
export async function countInTallies(
  analytics: Snapshot,
  tallies: Tally[],
  stored: Map<string, Range[]>,
  underWay: UnderWay,
): Promise<Present> {
  const present: Present = new Map(tallies.map((tally) => [tally, new Map<Cell, number>()]));
  const add = (tally: Tally, cell: Cell, events: number) => {
    const cells = present.get(tally) as Map<Cell, number>;
    cells.set(cell, (cells.get(cell) ?? 0) + events);
  };
  if (tallies.length === 0) return present;
  const rows = await analytics.query<{ index: number; client_id: string; minute: Date; events: number }>(
    COUNT_IN_TALLIES,
    [
      tallies.map(({ producer }) => producer),
      tallies.map(({ boot }) => boot),
      tallies.map(({ from }) => from),
      tallies.map(({ to }) => to),
    ],
  );
  for (const { index, client_id, minute, events } of rows)
    add(tallies[index - 1] as Tally, makeCell(client_id, minuteOf(minute) as string), events);
  for (const tally of tallies) {
    const key = `${tally.producer} ${tally.boot}`;
    for (const [n, cell] of underWay.incarnations.get(key) ?? [])
      if (cell && n >= tally.from && n <= tally.to && !holds(stored.get(key) ?? [], n)) add(tally, cell, 1);
  }
  return present;
}
