import { type Boot, bootKey, parseBootKey } from './boot.ts';
import type { Snapshot } from './database.ts';
import type { Range } from './ranges.ts';

const TABLES = ['events', 'duplicates', 'rejected_events'];

/** The nearest n outside the range, in any of the tables; each is one look into an index. */
const nearest = (which: 'max' | 'min', condition: string) =>
  TABLES.map(
    (table) =>
      `(select ${which}(x.n) from ${table} x where x.producer = t.producer and x.boot = t.boot and ${condition})`,
  ).join(', ');

/** One boot after the other, through the index: a join would read every day's partition. */
const FIND_ISLANDS = `
with touched as materialized (
  select t.producer, t.boot, greatest(${nearest('max', 'x.n < t.low')}) as below,
    least(${nearest('min', 'x.n > t.high')}) as above, t.low, t.high
  from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) as t(producer, boot, low, high)
)
select producer, boot::text, min(n)::float8 as "from", max(n)::float8 as "to", count(*)::float8 as rows
from (
  select t.producer, t.boot, a.n,
    a.n - dense_rank() over (partition by t.producer, t.boot order by a.n) as island
  from touched t cross join lateral (
    ${TABLES.map(
      (table) => `(select x.n from ${table} x where x.producer = t.producer and x.boot = t.boot
      and x.n between coalesce(t.below, t.low) and coalesce(t.above, t.high) offset 0)`,
    ).join('\n    union all\n    ')}
  ) as a
) as numbered
group by producer, boot, island
order by producer, boot, island`;

export interface Islands {
  /** by boot key: the n that are stored, from the next below the asked range to the next above it */
  stored: Map<string, Range[]>;
  /** boot keys and ranges in which an n is in more than one row */
  doubled: { key: string; range: Range }[];
}

/** What of the given ranges of n the tables hold, as ranges without a gap ("gaps and islands"). */
export async function findIslands(analytics: Snapshot, wanted: Map<string, Range>): Promise<Islands> {
  const boots = [...wanted].map(([key, range]) => ({ ...parseBootKey(key), ...range }));
  const rows = await analytics.query<Boot & Range & { rows: number }>(FIND_ISLANDS, [
    boots.map(({ producer }) => producer),
    boots.map(({ boot }) => boot),
    boots.map(({ from }) => from),
    boots.map(({ to }) => to),
  ]);
  const islands: Islands = { stored: new Map(), doubled: [] };
  for (const row of rows) {
    const key = bootKey(row);
    const range = { from: row.from, to: row.to };
    const known = islands.stored.get(key);
    if (known) known.push(range);
    else islands.stored.set(key, [range]);
    if (row.rows > range.to - range.from + 1) islands.doubled.push({ key, range });
  }
  return islands;
}
