import type { Tally } from '../../../stream/spool/index.ts';
import { type Cell, makeCell, minuteOf } from './cell.ts';
import type { Snapshot } from './database.ts';
import type { Present } from './name-missing.ts';
import { holds, type Range } from './ranges.ts';
import type { UnderWay } from './under-way.ts';

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
    for (const [n, cell] of underWay.boots.get(key) ?? [])
      if (cell && n >= tally.from && n <= tally.to && !holds(stored.get(key) ?? [], n)) add(tally, cell, 1);
  }
  return present;
}
