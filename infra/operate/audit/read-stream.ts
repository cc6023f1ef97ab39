import { SHARD_END } from '../../../storm/index.ts';
import { kinesisSource, TrimmedError } from '../../../stream/index.ts';
import { StopError } from '../../local/stop-error.ts';

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

const PAGE_RECORDS = 10_000;
/** The topology reads the same shards, and five GetRecords a second and shard is what Kinesis allows them all together. */
const MAX_ATTEMPTS = 10;

/** Region, credentials and endpoint come from the environment of every AWS SDK. */
export function openStream(name: string): Stream {
  const source = kinesisSource(name, { maxAttempts: MAX_ATTEMPTS, pageRecords: PAGE_RECORDS });

  async function start(shard: string, after: string | null): Promise<string> {
    try {
      return await source.iterator(shard, after);
    } catch (error) {
      // the topology will read from the oldest record, too
      if (error instanceof TrimmedError) return source.iterator(shard, null);
      throw error;
    }
  }

  async function* readShard(shard: string, after: string | null): AsyncGenerator<ReadRecord> {
    let iterator: string | null = await start(shard, after);
    while (iterator) {
      const { records, next, behindMs } = await source.records(iterator);
      for (const { partitionKey, data } of records) yield { partitionKey, data: Buffer.from(data) };
      // a page that is not full may lie before the tip, and a service that never says how far it is behind has full ones
      const atTip = records.length < PAGE_RECORDS && !behindMs;
      iterator = atTip ? null : next;
    }
  }

  return {
    describe: () => reach(name, source.describe()),
    async *read(checkpoints) {
      for (const { id } of await reach(name, source.listShards())) {
        const checkpoint = checkpoints.get(id) ?? null;
        if (checkpoint === SHARD_END) continue;
        const records = readShard(id, checkpoint);
        for (
          let next = await reach(name, records.next());
          !next.done;
          next = await reach(name, records.next())
        )
          yield next.value;
      }
    },
  };
}

async function reach<T>(stream: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    throw new StopError(`the stream ${stream} can't be read: ${code ?? name ?? 'no reason given'}.`);
  }
}
