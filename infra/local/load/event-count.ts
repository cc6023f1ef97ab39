import pg from 'pg';

export interface EventCount {
  /** events that have come into the analytics database since this was opened, whichever table took them */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** Counts by the partitions of the days around now, so that an old database does not slow the progress line. */
const SINCE = `
  select ((select count(*) from events where day >= $1::date - 1 and stored_at >= $1)
        + (select count(*) from duplicates where stored_at >= $1)
        + (select count(*) from rejected_events where rejected_at >= $1))::int as count`;

export async function openEventCount(analyticsUrl: string): Promise<EventCount> {
  // one connection; a pool opens another where that is ended from outside
  const client = new pg.Pool({ connectionString: analyticsUrl, max: 1 });
  client.on('error', () => {});
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  const start = rows[0]?.now;
  let last = Promise.resolve(0);
  return {
    count() {
      // one at a time: a slow count must not pile up
      last = last
        .catch(() => 0)
        .then(async () => (await client.query<{ count: number }>(SINCE, [start])).rows[0]?.count ?? 0);
      return last;
    },
    async close() {
      await last.catch(() => {});
      await client.end();
    },
  };
}
