import type { Snapshot } from './database.ts';
import type { FactEventRow } from './read-facts.ts';
import { factKey } from './under-way.ts';

const FIND_USERS = `
select u.client_id, u.id::text from app_user u
join unnest($1::text[], $2::uuid[]) as t(client_id, id) on t.client_id = u.client_id and t.id = u.id`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which of the users of these events are in the registry still, by `<client> <user id>`. */
export async function findUsers(registry: Snapshot, events: FactEventRow[]): Promise<Set<string>> {
  const users = events.filter(({ user_id }) => UUID.test(user_id ?? ''));
  const rows = await registry.query<{ client_id: string; id: string }>(FIND_USERS, [
    users.map(({ client_id }) => client_id),
    users.map(({ user_id }) => user_id),
  ]);
  return new Set(rows.map(({ client_id, id }) => factKey(client_id, id)));
}
