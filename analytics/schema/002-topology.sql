-- Up to which record of a shard everything is stored. `stream` holds its creation time: a stream that was deleted and
-- made again has other records under the same shard names.
create table checkpoints (
  stream   text not null,
  shard    text not null,
  sequence text not null check (sequence ~ '^(\d+|SHARD_END)$'),
  saved_at timestamptz not null default now(),
  primary key (stream, shard)
);

-- One row a running task, renewed once a second.
create table topology_heartbeats (
  component  text not null,
  task       integer not null,
  pid        integer not null,
  started_at timestamptz not null,
  seen_at    timestamptz not null,
  primary key (component, task)
);
