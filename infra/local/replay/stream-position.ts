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
export function openStreamReader(kinesisUrl: string, stream: string): StreamReader {
  const client = new KinesisClient({
    region: 'eu-central-1',
    endpoint: kinesisUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const since = new Date();
  return {
    async read() {
      const triples = new Map<string, Triple>();
      for (const { ShardId } of await listShards(client, stream)) {
        const from = { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: since } as const;
        const command = new GetShardIteratorCommand({ StreamName: stream, ShardId, ...from });
        await readShard(client, (await client.send(command)).ShardIterator, triples);
      }
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

async function readShard(
  client: KinesisClient,
  from: string | undefined,
  triples: Map<string, Triple>,
): Promise<void> {
  for (let iterator = from; iterator; ) {
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
