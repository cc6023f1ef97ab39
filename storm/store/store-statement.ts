import type { RejectedEvent } from '../decode/rejected.ts';
import { type EnrichedEvent, EVENT_COLUMN_NAMES, EVENT_COLUMNS } from '../enrich/enriched-event.ts';

/** Columns of `rejected_events` and their types. */
const REJECTED_COLUMNS = {
  source_id: 'text',
  reason: 'text',
  detail: 'text',
  code_version: 'text',
  payload: 'text',
  payload_encoding: 'text',
  producer: 'text',
  boot: 'uuid',
  n: 'bigint',
  client_id: 'text',
  received_at: 'timestamptz',
} as const satisfies Record<keyof RejectedEvent, string>;
const REJECTED_NAMES = Object.keys(REJECTED_COLUMNS) as (keyof RejectedEvent)[];

/** uuid[] and the like are sent as text[] and cast here, so that a wrong value fails as data and not in the client. */
function unnest(columns: Record<string, string>, first: number): string {
  return Object.values(columns)
    .map((type, index) => `$${first + index}::${type}[]`)
    .join(', ');
}

const EVENTS = EVENT_COLUMN_NAMES.join(', ');

/**
 * One statement, one transaction for a batch: every triple (producer, boot, n) ends in exactly one table.
 * - `owner` is who holds an event's key: a row of this batch (the first with the key), or one stored before.
 * - A row whose owner has its own triple is that event or its redelivery; under another triple it is a duplicate.
 * - A row without an owner met an insert that was not yet visible: its `ord` comes back, to be tried again.
 * - A triple that is stored now leaves `rejected_events` (it was rejected by older code), and one that is stored does
 *   not enter it; nor does a record without a triple that was put back under another (`replayed_records`).
 * A window finds the owner, not a join: the planner knows nothing of the size of a batch, and takes a nested loop.
 * Rows are inserted in the order of the key, so that two batches with the same events wait instead of dead-locking.
 */
export const STORE_STATEMENT = `
with incoming as materialized (
  select ${EVENTS}, ord, row_number() over (partition by client_id, day, event_id order by ord) as turn
  from unnest(${unnest(EVENT_COLUMNS, 1)}) with ordinality as batch (${EVENTS}, ord)
), inserted as (
  insert into events (${EVENTS})
  select ${EVENTS} from incoming where turn = 1 order by client_id, day, event_id
  on conflict (client_id, day, event_id) do nothing
  returning client_id, day, event_id, producer, boot, n
), owner as (
  select * from inserted
  union all
  select e.client_id, e.day, e.event_id, e.producer, e.boot, e.n
  from incoming i join events e using (client_id, day, event_id) where i.turn = 1
), resolved as (
  select *, owner_n is null as unseen, (owner_producer, owner_boot, owner_n) is distinct from (producer, boot, n) as duplicate
  from (
    select *, first_value(case when ord = 0 then producer end) over key as owner_producer,
      first_value(case when ord = 0 then boot end) over key as owner_boot,
      first_value(case when ord = 0 then n end) over key as owner_n
    from (
      select client_id, day, event_id, producer, boot, n, 0 as ord, null::timestamptz as received_at from owner
      union all
      select client_id, day, event_id, producer, boot, n, ord, received_at from incoming
    ) as rows_and_owners
    window key as (partition by client_id, day, event_id order by ord)
  ) as rows_with_owner
  where ord > 0
), duplicate as (
  insert into duplicates (producer, boot, n, client_id, day, event_id, received_at)
  select producer, boot, n, client_id, day, event_id, received_at from resolved where duplicate and not unseen
  order by producer, boot, n
  on conflict do nothing
), settled as (
  delete from rejected_events r using resolved s
  where not s.unseen and r.source_id = s.producer || '/' || s.boot || '/' || s.n
), rejected as (
  insert into rejected_events (${REJECTED_NAMES.join(', ')})
  select distinct on (source_id) ${REJECTED_NAMES.join(', ')}
  from unnest(${unnest(REJECTED_COLUMNS, 1 + EVENT_COLUMN_NAMES.length)}) as batch (${REJECTED_NAMES.join(', ')})
  where not exists (select from replayed_records p where batch.n is null and p.source_id = batch.source_id) and not (
    exists (select from events e where (e.producer, e.boot, e.n) = (batch.producer, batch.boot, batch.n))
    or exists (select from duplicates d where (d.producer, d.boot, d.n) = (batch.producer, batch.boot, batch.n)))
  order by source_id
  on conflict do nothing
)
select ord::int - 1 as index from resolved where unseen`;

/** The statement's parameters: an array a column. */
export function storeValues(events: EnrichedEvent[], rejected: RejectedEvent[]): unknown[][] {
  return [
    ...EVENT_COLUMN_NAMES.map((name) => events.map((event) => event[name])),
    ...REJECTED_NAMES.map((name) => rejected.map((row) => row[name])),
  ];
}
