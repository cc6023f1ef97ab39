-- New registrations by the hour (UTC) of the gateway's receipt.
-- $1 client or null for all; $2 and $3: received at or after, and before
select client_id as client, to_char(received_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:00"Z"') as hour,
  count(*)::int as registrations, (count(*) filter (where is_bot))::int as bots
from events
where type = 'pistats.registration.created'
  and received_at >= $2 and received_at < $3
  -- the days that an event received then can have: see contracts/cloud-event.ts
  and day between ($2::timestamptz at time zone 'utc')::date - 7 and ($3::timestamptz at time zone 'utc')::date + 1
  and ($1::text is null or client_id = $1)
group by 1, 2
order by 1, 2;
