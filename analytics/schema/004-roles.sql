-- What the topology may do and no more. A role that can log in is made a member by whoever runs the database.
do $$
begin
  create role pistats_topology nologin;
exception
  when duplicate_object or unique_violation then null; -- roles belong to the server, not to this database
end
$$;

revoke execute on function ensure_partition(date) from public;
grant execute on function ensure_partition(date) to pistats_topology;
grant select, insert on events, duplicates to pistats_topology;
-- a rejected event that could be stored after all leaves this table with the insert into the other
grant select, insert, delete on rejected_events to pistats_topology;
grant select, insert, update on checkpoints, topology_heartbeats to pistats_topology;
