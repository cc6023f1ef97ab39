import { type Boot, parseBootKey } from './boot.ts';
import type { Snapshot } from './database.ts';
import type { Islands } from './find-islands.ts';

/** A triple that is in more than one row. */
export interface Double extends Boot {
  n: number;
  /** the tables, one name a row */
  tables: string[];
}

const MAX_DOUBLES = 1_000;

const FIND_DOUBLES = `
select t.producer, t.boot::text, a.n::float8 as n, array_agg(a.name order by a.name) as tables
from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) as t(producer, boot, low, high)
cross join lateral (
  ${['events', 'duplicates', 'rejected_events']
    .map(
      (
        table,
      ) => `(select x.n, '${table}' as name from ${table} x where x.producer = t.producer and x.boot = t.boot
    and x.n between t.low and t.high offset 0)`,
    )
    .join('\n  union all\n  ')}
) as a
group by 1, 2, 3 having count(*) > 1 order by 1, 2, 3 limit ${MAX_DOUBLES}`;

/** Every event ends in exactly one table, once: these did not. The first thousand. */
export async function findDoubles(analytics: Snapshot, { doubled }: Islands): Promise<Double[]> {
  if (doubled.length === 0) return [];
  const ranges = doubled.map(({ key, range }) => ({ ...parseBootKey(key), ...range }));
  return analytics.query<Double & Boot>(FIND_DOUBLES, [
    ranges.map(({ producer }) => producer),
    ranges.map(({ boot }) => boot),
    ranges.map(({ from }) => from),
    ranges.map(({ to }) => to),
  ]);
}
