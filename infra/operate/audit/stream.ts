import { producerTriple, type StampedEvent } from '../../../contracts/stamped-event.ts';
import { SHARD_END } from '../../../storm/index.ts';
import {
  FULL_PAGE,
  kinesisSource,
  type PutRecords,
  packRecords,
  readToTip,
  TrimmedError,
} from '../../../stream/index.ts';
import { OperatorError } from '../errors.ts';
import { putUntilTaken } from '../put-until-taken.ts';
import type { FactsCompared } from './facts.ts';
import { factKey } from './ledger.ts';
import type { Missing } from './missing.ts';
import { holds, incarnationKey, mergeRanges, toTriple } from './numbering.ts';
import type { Snapshot } from './snapshot.ts';
import { findReceipts } from './tables.ts';

export interface ReadRecord {
  partitionKey: string;
  data: Buffer;
}

export interface Stream {
  /** names this incarnation of the stream, as the topology's checkpoints do */
  describe(): Promise<string>;
  /** every shard, children too, from behind its checkpoint (from its oldest record without one) to what is its tip now */
  read(checkpoints: Map<string, string>): AsyncGenerator<ReadRecord>;
}

/** The topology reads the same shards, and five GetRecords a second and shard is what Kinesis allows them all together. */
const MAX_ATTEMPTS = 10;

/** Region, credentials and endpoint come from the environment of every AWS SDK. */
export function openStream(name: string): Stream {
  const source = kinesisSource(name, { maxAttempts: MAX_ATTEMPTS, pageRecords: FULL_PAGE });

  async function start(shard: string, after: string | null): Promise<string> {
    try {
      return await source.iterator(shard, after);
    } catch (error) {
      // the topology will read from the oldest record, too
      if (error instanceof TrimmedError) return source.iterator(shard, null);
      throw error;
    }
  }

  return {
    describe: () => reach(name, source.describe()),
    async *read(checkpoints) {
      for (const { id } of await reach(name, source.listShards())) {
        const checkpoint = checkpoints.get(id) ?? null;
        if (checkpoint === SHARD_END) continue;
        const records = readToTip(source, await reach(name, start(id, checkpoint)));
        for (
          let next = await reach(name, records.next());
          !next.done;
          next = await reach(name, records.next())
        )
          yield { partitionKey: next.value.partitionKey, data: Buffer.from(next.value.data) };
      }
    },
  };
}

async function reach<T>(stream: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    const why = code ?? name ?? 'no reason given';
    throw new OperatorError('stream_unreachable', `the stream ${stream} can't be read: ${why}.`);
  }
}

/** The events of a record; one that can't be read counts as one that has no stamp. */
export function eventsIn(data: Buffer): unknown[] {
  try {
    const events: unknown = JSON.parse(data.toString());
    return Array.isArray(events) ? events : [undefined];
  } catch {
    return [undefined];
  }
}

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
  { missing, facts }: { missing: Missing[]; facts: FactsCompared },
  stream: Stream,
  analytics: Snapshot,
): Promise<StreamEvent[]> {
  const gaps = new Map(
    [...Map.groupBy(missing, incarnationKey)].map(([key, ranges]) => [key, mergeRanges(ranges)] as const),
  );
  const wantedFacts = new Set(facts.missing.map(({ client_id, id }) => factKey(client_id, id)));
  const byTriple = new Map<string, StreamEvent>();
  const ofFacts = new Map<string, StreamEvent>();
  for await (const { partitionKey, data } of stream.read(new Map()))
    for (const item of eventsIn(data)) {
      const triple = producerTriple.safeParse(item);
      if (!triple.success) continue;
      const event = item as StampedEvent;
      const key = incarnationKey(event);
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

/**
 * Puts events on the stream, one record at a time and the next only behind the last one's acknowledgement: whenever
 * this ends early, what was not put is the tail of the numbering and leaves no gap in it.
 * @throws StopError when a record is still refused after some tries
 */
export async function putEvents(
  stream: string,
  events: StreamEvent[],
  putRecords: PutRecords,
): Promise<void> {
  for (const { data, items } of packRecords(events, ({ event }) => JSON.stringify(event)))
    await putUntilTaken(stream, [{ partitionKey: items[0]?.partitionKey ?? '', data }], putRecords);
}
