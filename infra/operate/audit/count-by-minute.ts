import { parseBootKey } from './boot.ts';
import { type Cell, makeCell, minuteOf } from './cell.ts';
import type { Snapshot } from './database.ts';
import type { Range } from './ranges.ts';
import type { Window } from './window.ts';
import { WINDOW_ROWS } from './window-rows.ts';

export type Kind = 'stored' | 'duplicate' | 'rejected';

export interface TableCount {
  cell: Cell;
  kind: Kind;
  /** whether the nodes' books hold these events */
  covered: boolean;
  events: number;
}

const COUNT_BY_MINUTE = `
select client_id, date_trunc('minute', received_at) as minute, kind, c.low is not null as covered,
  count(*)::float8 as events
from (${WINDOW_ROWS}) as r
left join unnest($3::text[], $4::uuid[], $5::bigint[], $6::bigint[]) as c(producer, boot, low, high)
  on c.producer = r.producer and c.boot = r.boot and r.n between c.low and c.high
group by 1, 2, 3, 4`;

/** What the tables hold of the window, by client and minute. */
export async function countByMinute(
  analytics: Snapshot,
  { from, to }: Window,
  covered: Map<string, Range[]>,
): Promise<TableCount[]> {
  const ranges = [...covered].flatMap(([key, parts]) =>
    parts.map((part) => ({ ...parseBootKey(key), ...part })),
  );
  const rows = await analytics.query<{
    client_id: string;
    minute: Date;
    kind: Kind;
    covered: boolean;
    events: number;
  }>(COUNT_BY_MINUTE, [
    from,
    to,
    ranges.map(({ producer }) => producer),
    ranges.map(({ boot }) => boot),
    ranges.map((range) => range.from),
    ranges.map((range) => range.to),
  ]);
  return rows.map(({ client_id, minute, kind, covered: inBooks, events }) => ({
    cell: makeCell(client_id, minuteOf(minute) as string),
    kind,
    covered: inBooks,
    events,
  }));
}
