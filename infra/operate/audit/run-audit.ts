import { type BalanceRow, balanceRows } from './balance.ts';
import { parseBootKey } from './boot.ts';
import { compareFacts, type FactsCompared } from './compare-facts.ts';
import { countByMinute } from './count-by-minute.ts';
import { countInTallies } from './count-in-tallies.ts';
import { openSnapshot, type Snapshot } from './database.ts';
import { type Double, findDoubles } from './find-doubles.ts';
import { findGaps, type Gap, wantedRanges } from './find-gaps.ts';
import { findIslands } from './find-islands.ts';
import { findReceipts } from './find-receipts.ts';
import { type Missing, nameMissing, touches } from './name-missing.ts';
import { readNodeBooks, type SpoolReader } from './node-books.ts';
import type { Places } from './places.ts';
import type { Stream } from './read-stream.ts';
import { touchedBoots } from './touched-boots.ts';
import { createUnderWay, type UnderWay } from './under-way.ts';
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
  places: Places;
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
  const registry = await openSnapshot(places.registryUrl, 'registry');
  let analytics: Snapshot | undefined;
  try {
    const underWay = createUnderWay();
    const books = await readNodeBooks(places.spoolDirs, spool, underWay);
    const unstamped = await readUnread(places.analyticsUrl, stream, underWay);
    analytics = await openSnapshot(places.analyticsUrl, 'analytics database');

    const touched = await touchedBoots(analytics, window);
    const wanted = wantedRanges(window, touched, books, underWay);
    const islands = await findIslands(analytics, wanted);
    const { stored } = islands;
    const gaps = findGaps(wanted, stored, underWay, books);
    const receipts = await receiptsBeside(analytics, gaps);
    const settledBefore = registry.at.getTime() - graceMs;
    const unsettled = gaps.filter((gap) => !gap.covered && !isSettled(gap, receipts, settledBefore));
    const lost = gaps.filter((gap) => !unsettled.includes(gap));
    const tallies = books.tallies.filter((tally) =>
      lost.some((gap) => touches(tally, parseBootKey(gap.key), gap)),
    );
    const missing = nameMissing(
      lost,
      tallies,
      await countInTallies(analytics, tallies, stored, underWay),
      receipts,
    );
    const doubles = await findDoubles(analytics, islands);
    const tables = await countByMinute(analytics, window, books.covered);
    const rows = balanceRows({ window, tables, stored, books, underWay, gaps, unsettled });
    const facts = await compareFacts(registry, analytics, window, underWay, graceMs);
    return {
      window,
      balanced:
        missing.length + doubles.length + facts.missing.length + facts.lost.length === 0 &&
        rows.every((row) => row.missing === 0),
      rows,
      missing,
      doubles,
      facts,
      unstamped,
      withoutBook: [...wanted.keys()]
        .filter((key) => !books.horizon.has(key) && !key.startsWith(AUDIT_PRODUCER))
        .map(parseBootKey),
    };
  } finally {
    await registry.close();
    await analytics?.close();
  }
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

/** The events of a record; one that can't be read counts as one that has no stamp. */
export function eventsIn(data: Buffer): unknown[] {
  try {
    const events: unknown = JSON.parse(data.toString());
    return Array.isArray(events) ? events : [undefined];
  } catch {
    return [undefined];
  }
}

async function receiptsBeside(analytics: Snapshot, gaps: Gap[]): Promise<Map<string, Date>> {
  return findReceipts(
    analytics,
    gaps.flatMap(({ key, previous, next }) =>
      [previous, next].map((n) => ({ key, boot: parseBootKey(key), n })),
    ),
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
