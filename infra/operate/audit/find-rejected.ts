import type { Snapshot } from './database.ts';
import type { Key } from './pair-keys.ts';
import { factKey } from './under-way.ts';

/** `unstorable` keeps the enriched row, the others the event; in both the id comes before anything a client sent. */
const FIND_REJECTED = `
select client_id, id from (
  select client_id, lower(substring(payload from '"(?:event_)?id":"([0-9a-fA-F-]{36})"')) as id
  from rejected_events where payload_encoding = 'json' and client_id = any($1::text[])
) as r
where id = any($2::text[])`;

/** Which of the given facts were rejected: they are kept with a reason, not lost. By `factKey`. */
export async function findRejected(analytics: Snapshot, facts: Key[]): Promise<Set<string>> {
  const rows = await analytics.query<Key>(FIND_REJECTED, [
    [...new Set(facts.map(({ client_id }) => client_id))],
    facts.map(({ id }) => id),
  ]);
  return new Set(rows.map(({ client_id, id }) => factKey(client_id, id)));
}
