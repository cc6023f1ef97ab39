import { setTimeout as delay } from 'node:timers/promises';
import {
  type Incarnation,
  incarnationKey,
  parseIncarnationKey,
  type Range,
  type Triple,
} from './numbering.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { type Cell, makeCell, minuteOf, type Window } from './window.ts';

/**
 * SQL: what was received in the window $1 to $2, whichever table took it; each row has its triple. Rows from before
 * receipts were kept count by the time they were stored. An id may lie 7 days behind the receipt and 10 minutes ahead
 * of it (contracts/cloud-event.ts), which bounds the partitions.
 */
export const WINDOW_ROWS = `
select 'stored' as kind, client_id, received_at, producer, boot, n from events
where received_at >= $1 and received_at < $2
  and day between ($1::timestamptz at time zone 'utc')::date - 7 and ($2::timestamptz at time zone 'utc')::date + 1
union all
select 'duplicate', client_id, coalesce(received_at, stored_at), producer, boot, n from duplicates
where coalesce(received_at, stored_at) >= $1 and coalesce(received_at, stored_at) < $2
union all
select 'rejected', coalesce(client_id, ''), coalesce(received_at, rejected_at), producer, boot, n from rejected_events
where n is not null and coalesce(received_at, rejected_at) >= $1 and coalesce(received_at, rejected_at) < $2`;

const TOUCHED_INCARNATIONS = `
select producer, boot::text, min(n)::float8 as "from", max(n)::float8 as "to" from (${WINDOW_ROWS}) as r group by 1, 2`;

/** By incarnation key: the lowest and highest n that the tables hold of the window. */
export async function touchedIncarnations(
  analytics: Snapshot,
  { from, to }: Window,
): Promise<Map<string, Range>> {
  const rows = await analytics.query<Incarnation & Range>(TOUCHED_INCARNATIONS, [from, to]);
  return new Map(rows.map((row) => [incarnationKey(row), { from: row.from, to: row.to }]));
}

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
    parts.map((part) => ({ ...parseIncarnationKey(key), ...part })),
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

const FIND_RECEIPTS = `
select t.producer, t.boot::text, t.n::float8 as n, max(a.received_at) as received_at
from unnest($1::text[], $2::uuid[], $3::bigint[]) as t(producer, boot, n)
cross join lateral (
  (select received_at from events x where x.producer = t.producer and x.boot = t.boot and x.n = t.n offset 0)
  union all
  (select coalesce(received_at, stored_at) from duplicates x where x.producer = t.producer and x.boot = t.boot and x.n = t.n offset 0)
  union all
  (select coalesce(received_at, rejected_at) from rejected_events x where x.producer = t.producer and x.boot = t.boot and x.n = t.n offset 0)
) as a
group by 1, 2, 3`;

/** When the given events were received, by `<incarnation key> <n>`; those that are in no table are left out. */
export async function findReceipts(analytics: Snapshot, triples: Triple[]): Promise<Map<string, Date>> {
  if (triples.length === 0) return new Map();
  const incarnations = triples.map(({ key }) => parseIncarnationKey(key));
  const rows = await analytics.query<Incarnation & { n: number; received_at: Date }>(FIND_RECEIPTS, [
    incarnations.map(({ producer }) => producer),
    incarnations.map(({ boot }) => boot),
    triples.map(({ n }) => n),
  ]);
  return new Map(rows.map((row) => [`${incarnationKey(row)} ${row.n}`, row.received_at]));
}

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
  /** by incarnation key: the n that are stored, from the next below the asked range to the next above it */
  stored: Map<string, Range[]>;
  /** incarnation keys and ranges in which an n is in more than one row */
  doubled: { key: string; range: Range }[];
}

/** What of the given ranges of n the tables hold, as ranges without a gap ("gaps and islands"). */
export async function findIslands(analytics: Snapshot, wanted: Map<string, Range>): Promise<Islands> {
  const ranges = [...wanted].map(([key, range]) => ({ ...parseIncarnationKey(key), ...range }));
  const rows = await analytics.query<Incarnation & Range & { rows: number }>(FIND_ISLANDS, [
    ranges.map(({ producer }) => producer),
    ranges.map(({ boot }) => boot),
    ranges.map(({ from }) => from),
    ranges.map(({ to }) => to),
  ]);
  const islands: Islands = { stored: new Map(), doubled: [] };
  for (const row of rows) {
    const key = incarnationKey(row);
    const range = { from: row.from, to: row.to };
    const known = islands.stored.get(key);
    if (known) known.push(range);
    else islands.stored.set(key, [range]);
    if (row.rows > range.to - range.from + 1) islands.doubled.push({ key, range });
  }
  return islands;
}

/** A triple that is in more than one row. */
export interface Double extends Incarnation {
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
  const ranges = doubled.map(({ key, range }) => ({ ...parseIncarnationKey(key), ...range }));
  return analytics.query<Double & Incarnation>(FIND_DOUBLES, [
    ranges.map(({ producer }) => producer),
    ranges.map(({ boot }) => boot),
    ranges.map(({ from }) => from),
    ranges.map(({ to }) => to),
  ]);
}

const POLL_MS = 500;
/** Triples a query. */
const CHUNK = 5_000;

/** Waits until the triples are in the tables, whichever; gives how many are not after `patienceMs`. */
export async function waitStored(
  analyticsUrl: string,
  triples: Triple[],
  patienceMs: number,
): Promise<number> {
  const deadline = performance.now() + patienceMs;
  let left = triples;
  while (left.length > 0) {
    const analytics = await openSnapshot(analyticsUrl, 'analytics database');
    try {
      const waiting: Triple[] = [];
      for (let at = 0; at < left.length; at += CHUNK) {
        const chunk = left.slice(at, at + CHUNK);
        const stored = await findReceipts(analytics, chunk);
        waiting.push(...chunk.filter(({ key, n }) => !stored.has(`${key} ${n}`)));
      }
      left = waiting;
    } finally {
      await analytics.close();
    }
    if (left.length === 0 || performance.now() > deadline) break;
    await delay(POLL_MS);
  }
  return left.length;
}
