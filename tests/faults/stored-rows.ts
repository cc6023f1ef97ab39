import type pg from 'pg';
import { type Accepted, eventKey, registrationKey, subscriptionKey } from './load.ts';

export interface Databases {
  registry: Pick<pg.Pool, 'query'>;
  analytics: Pick<pg.Pool, 'query'>;
}

interface EventRow {
  event_id: string;
  type: string;
  device_id: string | null;
  user_id: string | null;
  topics: string[] | null;
}

const STORED = `
  select event_id::text, type, device_id, user_id,
    case when type like 'pistats.subscription.%' then array(select jsonb_array_elements_text(data -> 'topics')) end as topics
  from events where received_at >= $1`;

const COUNTS = `
  select
    (select count(*)::int from duplicates where stored_at >= $1) as duplicates,
    (select count(*)::int from rejected_events where rejected_at >= $1) as rejected`;

/** An event's name as the load knows it: a client never learns the id of the fact that its request became. */
function keyOf({ event_id, type, device_id, user_id, topics }: EventRow): string {
  if (type.startsWith('pistats.registration.')) return registrationKey(device_id ?? '', user_id ?? '');
  if (type.startsWith('pistats.subscription.')) return subscriptionKey(type, device_id ?? '', topics ?? []);
  return eventKey(event_id);
}

/** How often each fact or event is in the analytics database, of those received since. */
export async function storedFacts({ analytics }: Databases, since: Date): Promise<Map<string, number>> {
  const { rows } = await analytics.query<EventRow>(STORED, [since]);
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return counts;
}

export async function countAbsorbed(
  { analytics }: Databases,
  since: Date,
): Promise<{ duplicates: number; rejected: number }> {
  return (await analytics.query(COUNTS, [since])).rows[0] as { duplicates: number; rejected: number };
}

/** What a 2xx promised of the registry and is not there: devices, and topics in the state that was answered last. */
export async function missingRows({ registry }: Databases, accepted: Accepted[]): Promise<string[]> {
  const devices = [...new Set(accepted.flatMap(({ device }) => device ?? []))];
  const last = new Map<string, string>();
  for (const { device, topic } of accepted) if (topic) last.set(`${device} ${topic.name}`, topic.state);
  const found = await registry.query<{ id: string }>(
    'select id::text from device where id = any($1::uuid[])',
    [devices],
  );
  const topics = await registry.query<{ key: string; state: string }>(
    `select device_id || ' ' || topic as key, state from subscription where device_id = any($1::uuid[])`,
    [devices],
  );
  const present = new Set(found.rows.map(({ id }) => id));
  const states = new Map(topics.rows.map(({ key, state }) => [key, state]));
  return [
    ...devices.filter((id) => !present.has(id)).map((id) => `device ${id}`),
    ...[...last].filter(([key, state]) => states.get(key) !== state).map(([key]) => `subscription ${key}`),
  ];
}
