import type pg from 'pg';

const EVERY_MS = 1_000;

/**
 * Tells once a second that a component runs and reaches the database. Starts with the first call, so a component
 * calls it when it can work; a beat that fails is missing in the table, which is what it is for.
 */
export function startHeartbeat(pool: pg.Pool, component: string, task: number): NodeJS.Timeout {
  const startedAt = new Date();
  const beat = () => {
    pool.query(BEAT, [component, task, process.pid, startedAt]).catch(() => {});
  };
  beat();
  return setInterval(beat, EVERY_MS).unref();
}

const BEAT = `
insert into topology_heartbeats (component, task, pid, started_at, seen_at) values ($1, $2, $3, $4, now())
on conflict (component, task) do update
set pid = excluded.pid, started_at = excluded.started_at, seen_at = excluded.seen_at`;
