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
