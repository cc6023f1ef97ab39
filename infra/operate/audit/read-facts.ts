import type { Snapshot } from './database.ts';
import type { Key } from './pair-keys.ts';
import type { Window } from './window.ts';

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
