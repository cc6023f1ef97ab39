-- What happened, one row an event, as the topology writes it.
--
-- The key holds the day because a unique key on a partitioned table must hold the partition column; the day is the
-- UTC date inside the UUIDv7, so a replay always meets its first row.
create table events (
  client_id     text not null,
  day           date not null,
  event_id      uuid not null,
  type          text not null,
  property      text,
  user_id       text,
  device_id     text,
  request_id    text,
  occurred_at   timestamptz not null,  -- the event's own time
  received_at   timestamptz not null,  -- the gateway's first receipt
  stored_at     timestamptz not null default now(),
  country       text,                  -- IP Geolocation by DB-IP, https://db-ip.com
  ip_prefix     cidr check (masklen(ip_prefix) <= case family(ip_prefix) when 4 then 24 else 48 end),
  device_class  text not null check (device_class in ('desktop', 'mobile', 'tablet', 'tv', 'bot', 'other')),
  browser       text,
  os            text,
  is_bot        boolean not null,
  bot_reason    text,
  page_host     text,
  page_path     text,
  referrer_host text,
  utm_source    text,
  utm_medium    text,
  utm_campaign  text,
  utm_term      text,
  utm_content   text,
  data          jsonb not null,
  producer      text not null,
  boot          uuid not null,
  n             bigint not null check (n > 0),
  primary key (client_id, day, event_id)
) partition by range (day);

-- the books: a gap in n names what is missing
create index events_producer on events (producer, boot, n);

-- A second delivery of an event under another triple: the gateway forwarded the same fact twice.
create table duplicates (
  producer  text not null,
  boot      uuid not null,
  n         bigint not null,
  client_id text not null,
  day       date not null,
  event_id  uuid not null,
  stored_at timestamptz not null default now(),
  primary key (producer, boot, n)
);
create index duplicates_event on duplicates (client_id, day, event_id);

-- What the stream held and `events` can't: kept with its reason until it is mended and replayed.
create table rejected_events (
  -- <producer>/<boot>/<n>, or <shard>/<sequence>[/<index>] where no such triple could be read
  source_id        text primary key,
  reason           text not null check (reason in ('decode', 'invalid', 'clock', 'unstorable')),
  detail           text not null,
  code_version     text not null,
  -- text, not jsonb: jsonb refuses some of what is rejected; 'unstorable' holds the enriched row
  payload          text not null,
  payload_encoding text not null check (payload_encoding in ('json', 'text', 'base64')),
  producer         text,
  boot             uuid,
  n                bigint,
  client_id        text,
  rejected_at      timestamptz not null default now(),
  check ((producer is null) = (n is null) and (boot is null) = (n is null))
);
create index rejected_events_time on rejected_events (rejected_at);
