-- How long after the gateway accepted an event it was stored, in milliseconds.
-- $1 client or null for all; $2 and $3: received at or after, and before
select count(*)::int as events,
  percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from stored_at - accepted_at) * 1000) as ms
from events
where accepted_at is not null
  and received_at >= $2 and received_at < $3
  -- the days that an event received then can have: see contracts/cloud-event.ts
  and day between ($2::timestamptz at time zone 'utc')::date - 7 and ($3::timestamptz at time zone 'utc')::date + 1
  and ($1::text is null or client_id = $1)
  -- what an audit forwarded again was late before it was accepted, and says nothing of the way
  and producer not like 'audit@%';
