import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StampedEvent } from '../../../contracts/cloud-event.ts';

/** producer, boot, n of one event on the stream. */
export type Triple = readonly [producer: string, boot: string, n: string];

export interface StreamReader {
  /** The distinct triples put since the reader was opened, in no order. */
  read(): Promise<Triple[]>;
  close(): void;
}

/** Remembers where the stream ends now, so that what is put from here on can be counted independently of who puts it. */
export async function openStreamReader(kinesisUrl: string, stream: string): Promise<StreamReader> {
  const client = new KinesisClient({
    region: 'eu-central-1',
    endpoint: kinesisUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const shards = await listShards(client, stream);
  const iterators = new Map<string, string>();
  for (const { ShardId } of shards)
    iterators.set(ShardId as string, await iteratorOf(client, stream, ShardId, 'LATEST'));
  return {
    async read() {
      // shards that came since, by a split or a merge, are read from their beginning
      for (const { ShardId } of await listShards(client, stream))
        if (!iterators.has(ShardId as string))
          iterators.set(ShardId as string, await iteratorOf(client, stream, ShardId, 'TRIM_HORIZON'));
      const triples = new Map<string, Triple>();
      for (const iterator of iterators.values()) await readShard(client, iterator, triples);
      return [...triples.values()];
    },
    close: () => client.destroy(),
  };
}

async function listShards(client: KinesisClient, stream: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListShardsCommand(NextToken ? { NextToken } : { StreamName: stream }));
    shards.push(...(page.Shards ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return shards;
}

async function iteratorOf(
  client: KinesisClient,
  stream: string,
  shard: string | undefined,
  type: 'LATEST' | 'TRIM_HORIZON',
) {
  const command = new GetShardIteratorCommand({
    StreamName: stream,
    ShardId: shard,
    ShardIteratorType: type,
  });
  return (await client.send(command)).ShardIterator as string;
}

async function readShard(client: KinesisClient, from: string, triples: Map<string, Triple>): Promise<void> {
  for (let iterator: string | undefined = from; iterator; ) {
    const page: {
      Records?: { Data?: Uint8Array }[];
      NextShardIterator?: string;
      MillisBehindLatest?: number;
    } = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }));
    for (const { Data } of page.Records ?? []) {
      for (const { producer, boot, n } of JSON.parse(Buffer.from(Data ?? []).toString()) as StampedEvent[])
        triples.set(`${producer} ${boot} ${n}`, [producer, boot, n]);
    }
    iterator = (page.Records ?? []).length > 0 ? page.NextShardIterator : undefined;
  }
}
