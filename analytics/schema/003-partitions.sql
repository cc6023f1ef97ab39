-- Makes the partition of a day when there is none. Refuses days that no believable event can have: the topology
-- checks an id against the gateway's receipt, and this bounds the receipt (a stream keeps its records for 365 days at
-- most, and an id may be 7 days older).
--
-- The partition is attached, not created as one: that locks the table against other changes of its shape only, never
-- against the inserts that run meanwhile. Runs as its owner, so that the topology's role needs no right to create.
create function ensure_partition(wanted date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := 'events_' || to_char(wanted, 'YYYYMMDD');
begin
  if wanted is null or wanted not between (now() at time zone 'utc')::date - 372 and (now() at time zone 'utc')::date + 1 then
    raise exception 'no events are kept for the day %', wanted using errcode = 'check_violation';
  end if;
  perform from pg_class where relnamespace = 'public'::regnamespace and relname = name;
  if found then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('pistats events partition'));
  -- a query, not to_regclass(): that would answer from this session's cache, from before the wait
  perform from pg_class where relnamespace = 'public'::regnamespace and relname = name;
  if found then
    return;
  end if;
  execute format('create table public.%1$I (like public.events including all)', name);
  execute format('alter table public.events attach partition public.%1$I for values from (%2$L) to (%3$L)',
                 name, wanted, wanted + 1);
end
$$;
