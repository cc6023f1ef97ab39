import type { Tally } from '../../../stream/spool/index.ts';
import { type BalanceRow, balanceRows } from './balance.ts';
import { compareFacts, type FactsCompared } from './facts.ts';
import { createUnderWay, type NodeBooks, readNodeBooks, type SpoolReader, type UnderWay } from './ledger.ts';
import {
  countInTallies,
  findGaps,
  type Gap,
  type Missing,
  nameMissing,
  type Present,
  touches,
  wantedRanges,
} from './missing.ts';
import { parseIncarnationKey, type Range, type Triple } from './numbering.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { eventsIn, type Stream } from './stream.ts';
import {
  countByMinute,
  type Double,
  findDoubles,
  findIslands,
  findReceipts,
  type Islands,
  type TableCount,
  touchedIncarnations,
} from './tables.ts';
import type { Window } from './window.ts';

export interface Audit {
  window: Window;
  balanced: boolean;
  rows: BalanceRow[];
  missing: Missing[];
  doubles: Double[];
  facts: FactsCompared;
  /** records or events on the stream that no producer of ours stamped, and that are not yet read by the topology */
  unstamped: number;
  /** starts of producers whose receipts no book at hand counts */
  withoutBook: { producer: string; boot: string }[];
}

export interface AuditOptions {
  /** the registry as its owner: row-level security shows any other role one client at most */
  places: { registry: string; analytics: string; stream: string; spoolDirs: string[] };
  stream: Stream;
  spool: SpoolReader;
  window: Window;
  graceMs: number;
}

/** What a repair stamps with; it keeps no book, and numbers nothing before the stream has taken what comes before. */
export const AUDIT_PRODUCER = 'audit@';

/**
 * Reads along the way of an event, from the registry to the tables: what moves on meanwhile is met again further down,
 * so that nothing is missed and the system need not stand still.
 */
export async function runAudit({ places, stream, spool, window, graceMs }: AuditOptions): Promise<Audit> {
  const registry = await openSnapshot(places.registry, 'registry');
  let analytics: Snapshot | undefined;
  try {
    const underWay = createUnderWay();
    const books = await readNodeBooks(places.spoolDirs, spool, underWay);
    const unstamped = await readUnread(places.analytics, stream, underWay);
    analytics = await openSnapshot(places.analytics, 'analytics database');

    const numbers = await auditNumbers(
      { window, books, underWay, settledBefore: registry.at.getTime() - graceMs },
      tablesOf(analytics),
    );
    const facts = await compareFacts(registry, analytics, window, underWay, graceMs);
    const { rows, missing, doubles } = numbers;
    return {
      window,
      balanced:
        missing.length + doubles.length + facts.missing.length + facts.lost.length === 0 &&
        rows.every((row) => row.missing === 0),
      ...numbers,
      facts,
      unstamped,
    };
  } finally {
    await registry.close();
    await analytics?.close();
  }
}

/** What the audit asks of the tables; a test answers out of its memory. */
export interface Tables {
  touched(window: Window): Promise<Map<string, Range>>;
  islands(wanted: Map<string, Range>): Promise<Islands>;
  receipts(triples: Triple[]): Promise<Map<string, Date>>;
  inTallies(tallies: Tally[], stored: Map<string, Range[]>, underWay: UnderWay): Promise<Present>;
  doubles(islands: Islands): Promise<Double[]>;
  byMinute(window: Window, covered: Map<string, Range[]>): Promise<TableCount[]>;
}

const tablesOf = (analytics: Snapshot): Tables => ({
  touched: (window) => touchedIncarnations(analytics, window),
  islands: (wanted) => findIslands(analytics, wanted),
  receipts: (triples) => findReceipts(analytics, triples),
  inTallies: (tallies, stored, underWay) => countInTallies(analytics, tallies, stored, underWay),
  doubles: (islands) => findDoubles(analytics, islands),
  byMinute: (window, covered) => countByMinute(analytics, window, covered),
});

export interface NumbersInput {
  window: Window;
  books: NodeBooks;
  underWay: UnderWay;
  /** ms since the epoch: what was received later may be on its way still */
  settledBefore: number;
}

/** Everything but the facts: each event by its stamp. */
export async function auditNumbers(
  { window, books, underWay, settledBefore }: NumbersInput,
  tables: Tables,
): Promise<Pick<Audit, 'rows' | 'missing' | 'doubles' | 'withoutBook'>> {
  const wanted = wantedRanges(window, await tables.touched(window), books, underWay);
  const islands = await tables.islands(wanted);
  const { stored } = islands;
  const gaps = findGaps(wanted, stored, underWay, books);
  const receipts = await receiptsBeside(tables, gaps);
  const unsettled = gaps.filter((gap) => !gap.covered && !isSettled(gap, receipts, settledBefore));
  const lost = gaps.filter((gap) => !unsettled.includes(gap));
  const tallies = books.tallies.filter((tally) =>
    lost.some((gap) => touches(tally, parseIncarnationKey(gap.key), gap)),
  );
  const present = await tables.inTallies(tallies, stored, underWay);
  const missing = nameMissing(lost, tallies, present, receipts);
  const doubles = await tables.doubles(islands);
  const counts = await tables.byMinute(window, books.covered);
  return {
    rows: balanceRows({ window, tables: counts, stored, books, underWay, gaps, unsettled }),
    missing,
    doubles,
    withoutBook: [...wanted.keys()]
      .filter((key) => !books.horizon.has(key) && !key.startsWith(AUDIT_PRODUCER))
      .map(parseIncarnationKey),
  };
}

/** What the topology has not acknowledged yet: from its checkpoints to the tip of the stream. */
async function readUnread(analyticsUrl: string, stream: Stream, underWay: UnderWay): Promise<number> {
  const name = await stream.describe();
  const before = await openSnapshot(analyticsUrl, 'analytics database');
  const rows = await before.query<{ shard: string; sequence: string }>(
    'select shard, sequence from checkpoints where stream = $1',
    [name],
  );
  await before.close();
  let unstamped = 0;
  for await (const { data } of stream.read(new Map(rows.map(({ shard, sequence }) => [shard, sequence]))))
    for (const event of eventsIn(data)) if (!underWay.add(event)) unstamped++;
  return unstamped;
}

function receiptsBeside(tables: Tables, gaps: Gap[]): Promise<Map<string, Date>> {
  return tables.receipts(
    gaps.flatMap(({ key, previous, next }) => [previous, next].map((n) => ({ key, n }))),
  );
}

/**
 * Where no book holds it: what came just before an event that was received just now may still be on its way from the
 * node to the stream. One that is not in the tables itself is as young.
 */
function isSettled({ key, next }: Gap, receipts: Map<string, Date>, before: number): boolean {
  const received = receipts.get(`${key} ${next}`);
  return received !== undefined && received.getTime() <= before;
}
