-- Who an event is from, as the SDK says it once a request, and the event's number in its session: a gap in `seq` is an event
-- that was lost between a page and the gateway. Null for senders that say none of it.
alter table events
  add column installation_id text,
  add column session_id      text,
  add column seq             integer check (seq > 0),
  add column sdk             text;
