-- What the audit counts by: the minute of the gateway's receipt, for every event whichever table took it, and when the
-- event was made durable. All null for what was stored before these columns were there.
alter table events add column accepted_at timestamptz;  -- stamped just before the record was made durable
alter table duplicates add column received_at timestamptz;
alter table rejected_events add column received_at timestamptz;  -- null, too, where no receipt could be read

create index rejected_events_producer on rejected_events (producer, boot, n) where n is not null;
