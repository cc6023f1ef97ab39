import { producerTriple, type StampedEvent } from '../../../contracts/stamped-event.ts';
import { bootKey, parseBootKey } from './boot.ts';
import type { Snapshot } from './database.ts';
import { findReceipts } from './find-receipts.ts';
import { holds, mergeRanges } from './ranges.ts';
import type { Stream } from './read-stream.ts';
import { type Audit, eventsIn } from './run-audit.ts';
import { factKey } from './under-way.ts';

/** An event as it was put on the stream, the client's address and User-Agent included. */
export interface StreamEvent {
  partitionKey: string;
  event: StampedEvent;
}

/**
 * What is missing and still on the stream, which keeps its records for a day or longer: by its triple, or as the event
 * of a missing fact. A fact's event is taken under a triple that no table holds: the others are counted already.
 */
export async function findOnStream(
  { missing, facts }: Pick<Audit, 'missing' | 'facts'>,
  stream: Stream,
  analytics: Snapshot,
): Promise<StreamEvent[]> {
  const gaps = new Map(
    [...Map.groupBy(missing, bootKey)].map(([key, ranges]) => [key, mergeRanges(ranges)] as const),
  );
  const wantedFacts = new Set(facts.missing.map(({ client_id, id }) => factKey(client_id, id)));
  const byTriple = new Map<string, StreamEvent>();
  const ofFacts = new Map<string, StreamEvent>();
  for await (const { partitionKey, data } of stream.read(new Map()))
    for (const item of eventsIn(data)) {
      const triple = producerTriple.safeParse(item);
      if (!triple.success) continue;
      const event = item as StampedEvent;
      const key = bootKey(event);
      const name = `${key} ${event.n}`;
      if (holds(gaps.get(key) ?? [], Number(event.n))) byTriple.set(name, { partitionKey, event });
      else if (wantedFacts.has(factKey(event.clientid, event.id))) ofFacts.set(name, { partitionKey, event });
    }
  for (const { event } of byTriple.values()) wantedFacts.delete(factKey(event.clientid, event.id));
  const stored = await findReceipts(
    analytics,
    [...ofFacts.values()].map(({ event }) => toTriple(event)),
  );
  for (const [name, found] of ofFacts)
    if (!stored.has(name) && wantedFacts.delete(factKey(found.event.clientid, found.event.id)))
      byTriple.set(name, found);
  return [...byTriple.values()];
}

export function toTriple(event: Pick<StampedEvent, 'producer' | 'boot' | 'n'>) {
  const key = bootKey(event);
  return { key, boot: parseBootKey(key), n: Number(event.n) };
}
