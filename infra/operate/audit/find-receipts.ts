import { type Boot, bootKey } from './boot.ts';
import type { Snapshot } from './database.ts';

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

/** When the given events were received, by `<boot key> <n>`; those that are in no table are left out. */
export async function findReceipts(
  analytics: Snapshot,
  triples: { key: string; boot: Boot; n: number }[],
): Promise<Map<string, Date>> {
  if (triples.length === 0) return new Map();
  const rows = await analytics.query<Boot & { n: number; received_at: Date }>(FIND_RECEIPTS, [
    triples.map(({ boot }) => boot.producer),
    triples.map(({ boot }) => boot.boot),
    triples.map(({ n }) => n),
  ]);
  return new Map(rows.map((row) => [`${bootKey(row)} ${row.n}`, row.received_at]));
}
