import type { Fact } from '../../../contracts/cloud-event.ts';
import { type FactJson, toFact } from '../../../lambdas/adapters/stored-fact.ts';
import { factKey, type UnderWay } from './ledger.ts';
import type { Snapshot } from './snapshot.ts';
import type { Window } from './window.ts';

export interface FactsCompared {
  facts: number;
  stored: number;
  rejected: number;
  /** in a spool or on the stream, or too young for a judgement: its request may not have been answered yet */
  underWay: number;
  /** in the registry and nowhere behind it */
  missing: FactRow[];
  /** stored, but its fact is gone from the registry although its user is there still */
  lost: FactEventRow[];
  /** stored, and neither fact nor user are in the registry: what an erasure leaves */
  erased: FactEventRow[];
}

const CHUNK = 1_000;

/**
 * Facts in the registry against events in the analytics database, in both directions. The registry is seen as it was
 * before the spools, the stream and the other database were read, so that no fact can be older than its event's absence.
 */
export async function compareFacts(
  registry: Snapshot,
  analytics: Snapshot,
  window: Window,
  underWay: UnderWay,
  graceMs: number,
): Promise<FactsCompared> {
  const result: FactsCompared = {
    facts: 0,
    stored: 0,
    rejected: 0,
    underWay: 0,
    missing: [],
    lost: [],
    erased: [],
  };
  const young = ({ time }: { time: Date }) => time.getTime() > registry.at.getTime() - graceMs;
  let unmatchedFacts: FactRow[] = [];
  let unmatchedEvents: FactEventRow[] = [];

  const settleFacts = async () => {
    const rejected = await findRejected(analytics, unmatchedFacts);
    // first: what was seen on the stream may have been rejected meanwhile
    for (const fact of unmatchedFacts)
      if (rejected.has(factKey(fact.client_id, fact.id))) result.rejected++;
      else if (underWay.facts.has(factKey(fact.client_id, fact.id)) || young(fact)) result.underWay++;
      else result.missing.push(fact);
    unmatchedFacts = [];
  };
  const settleEvents = async () => {
    const users = await findUsers(registry, unmatchedEvents);
    for (const event of unmatchedEvents)
      result[users.has(factKey(event.client_id, event.user_id ?? '')) ? 'lost' : 'erased'].push(event);
    unmatchedEvents = [];
  };

  for await (const { left, right } of pairKeys(
    readFacts(registry, window),
    readFactEvents(analytics, window),
  )) {
    if (left) result.facts++;
    if (left && right) result.stored++;
    else if (left) unmatchedFacts.push(left);
    // a young one may have been written after the registry was seen
    else if (right && !young(right)) unmatchedEvents.push(right);
    if (unmatchedFacts.length >= CHUNK) await settleFacts();
    if (unmatchedEvents.length >= CHUNK) await settleEvents();
  }
  await settleFacts();
  await settleEvents();
  return result;
}

export interface FactRow extends Key {
  type: string;
  time: Date;
}

export interface FactEventRow extends Key {
  type: string;
  time: Date;
  user_id: string | null;
}

const READ_FACTS = `
select client_id, id::text, type, time from fact where time >= $1 and time < $2
order by client_id collate "C", id`;

/** The registry's facts whose time lies in the window, sorted by client and id. */
export const readFacts = (registry: Snapshot, { from, to }: Window) =>
  registry.stream<FactRow>(READ_FACTS, [from, to]);

/** An event has its fact's time; the day inside its id may be the one beside it. */
const READ_FACT_EVENTS = `
select client_id, event_id::text as id, type, occurred_at as time, user_id from events
where type like 'pistats.%' and occurred_at >= $1 and occurred_at < $2
  and day between ($1::timestamptz at time zone 'utc')::date - 1 and ($2::timestamptz at time zone 'utc')::date + 1
order by client_id collate "C", event_id`;

/** The stored events of such facts, sorted alike. */
export const readFactEvents = (analytics: Snapshot, { from, to }: Window) =>
  analytics.stream<FactEventRow>(READ_FACT_EVENTS, [from, to]);

const READ_FACT_ROWS = `
select f.client_id, row_to_json(f) as fact from fact f
join unnest($1::text[], $2::uuid[]) as t(client_id, id) on t.client_id = f.client_id and t.id = f.id
order by f.client_id, f.id`;

/** The facts as they were first made; those that are gone meanwhile are left out. */
export async function readFactRows(
  registry: Snapshot,
  keys: Key[],
): Promise<{ client: string; fact: Fact }[]> {
  const rows = await registry.query<{ client_id: string; fact: FactJson }>(READ_FACT_ROWS, [
    keys.map(({ client_id }) => client_id),
    keys.map(({ id }) => id),
  ]);
  return rows.map(({ client_id, fact }) => ({ client: client_id, fact: toFact(fact) }));
}

/** Names a fact and its event alike: of which client, and its id in small letters. */
export interface Key {
  client_id: string;
  id: string;
}

/** Pairs two sequences that are sorted by client and id, both by code unit; reads each as it goes. */
export async function* pairKeys<A extends Key, B extends Key>(
  left: AsyncIterator<A>,
  right: AsyncIterator<B>,
): AsyncGenerator<{ left?: A; right?: B }> {
  let a = await left.next();
  let b = await right.next();
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compareKeys(a.value, b.value);
    const pair = {
      ...(order <= 0 && !a.done ? { left: a.value } : {}),
      ...(order >= 0 && !b.done ? { right: b.value } : {}),
    };
    yield pair;
    if (pair.left) a = await left.next();
    if (pair.right) b = await right.next();
  }
}

function compareKeys(a: Key, b: Key): number {
  if (a.client_id !== b.client_id) return a.client_id < b.client_id ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

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
