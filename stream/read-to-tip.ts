import { LATEST, type ReadRecord, type StreamSource } from './stream-source.ts';

/** Records a GetRecords, the most that Kinesis gives. */
export const FULL_PAGE = 10_000;

/**
 * Reads a shard from `iterator` to what is its tip now. Returns the iterator to read on from, null behind the last record of
 * a closed shard. The source's pages have FULL_PAGE records at most.
 */
export async function* readToTip(
  source: Pick<StreamSource, 'records'>,
  iterator: string | null,
): AsyncGenerator<ReadRecord, string | null> {
  let next = iterator;
  while (next) {
    const page = await source.records(next);
    yield* page.records;
    next = page.next;
    // a page that is not full may lie before the tip, and a service that never says how far it is behind has full ones
    if (page.records.length < FULL_PAGE && !page.behindMs) break;
  }
  return next;
}

/** What is put on the stream from when this resolves, by the shards that are there then. */
export interface StreamTail {
  /** What was put since the last read. One at a time. */
  read(): AsyncGenerator<ReadRecord>;
}

export async function openTail(source: StreamSource): Promise<StreamTail> {
  const iterators = new Map<string, string | null>();
  // not AT_TIMESTAMP: kinesalite never answers that for a shard without a later record
  for (const { id } of await source.listShards()) iterators.set(id, await source.iterator(id, LATEST));
  return {
    async *read() {
      for (const [shard, from] of iterators) iterators.set(shard, yield* readToTip(source, from));
    },
  };
}
