-- Rejected records that named no triple and were put back under triples of their own (npm run replay): should the
-- stream deliver such a record once more, it is not rejected a second time.
create table replayed_records (
  source_id   text primary key,
  replayed_at timestamptz not null default now()
);
grant select, insert on replayed_records to pistats_topology;
