import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';

/** producer, boot, n of one event on the stream. */
export type Triple = readonly [producer: string, boot: string, n: string];

export interface StreamReader {
  /** The distinct triples put since the reader was opened, in no order. */
  read(): Promise<Triple[]>;
  close(): void;
}

/** An iterator ends five minutes after it was given: one that waits is moved on before. */
const READ_ON_EVERY_MS = 60_000;

/** Remembers where the stream ends now, so that what is put from here on can be counted independently of who puts it. */
export async function openStreamReader(kinesisUrl: string, stream: string): Promise<StreamReader> {
  const client = new KinesisClient({
    region: 'eu-central-1',
    endpoint: kinesisUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const triples = new Map<string, Triple>();
  const iterators = new Map<string, string | undefined>();
  for (const { ShardId = '' } of await listShards(client, stream)) {
    // not AT_TIMESTAMP: kinesalite never answers that for a shard without a later record
    const from = { StreamName: stream, ShardId, ShardIteratorType: 'LATEST' } as const;
    iterators.set(ShardId, (await client.send(new GetShardIteratorCommand(from))).ShardIterator);
  }
  let reading = Promise.resolve();
  const readOn = () => {
    reading = reading
      .catch(() => {}) // the next may be luckier
      .then(async () => {
        for (const [shard, from] of iterators) iterators.set(shard, await readShard(client, from, triples));
      });
    return reading;
  };
  const timer = setInterval(() => void readOn().catch(() => {}), READ_ON_EVERY_MS);
  return {
    async read() {
      await readOn();
      return [...triples.values()];
    },
    close() {
      clearInterval(timer);
      client.destroy();
    },
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

/** Reads to the shard's end, and gives the iterator from which to read on. */
async function readShard(
  client: KinesisClient,
  from: string | undefined,
  triples: Map<string, Triple>,
): Promise<string | undefined> {
  let iterator = from;
  while (iterator) {
    const page: GetRecordsCommandOutput = await client.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }),
    );
    for (const { Data } of page.Records ?? []) {
      for (const { producer, boot, n } of JSON.parse(Buffer.from(Data ?? []).toString()) as StampedEvent[])
        triples.set(`${producer} ${boot} ${n}`, [producer, boot, n]);
    }
    iterator = page.NextShardIterator;
    if ((page.Records ?? []).length === 0) break;
  }
  return iterator;
}
