import type { Snapshot } from './database.ts';
import { findRejected } from './find-rejected.ts';
import { findUsers } from './find-users.ts';
import { pairKeys } from './pair-keys.ts';
import { type FactEventRow, type FactRow, readFactEvents, readFacts } from './read-facts.ts';
import { factKey, type UnderWay } from './under-way.ts';
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
