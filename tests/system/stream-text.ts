import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { run } from './api.ts';

/** Remembers where the stream ends now; `read` gives the text of every record put since. */
export async function openStreamText(): Promise<{ read(): Promise<string>; close(): void }> {
  const client = new KinesisClient({
    region: 'eu-central-1',
    endpoint: run.kinesisUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  });
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: run.stream }));
  const iterators = await Promise.all(
    Shards.map(async ({ ShardId }) => {
      const from = { StreamName: run.stream, ShardId, ShardIteratorType: 'LATEST' } as const;
      return (await client.send(new GetShardIteratorCommand(from))).ShardIterator;
    }),
  );
  return {
    async read() {
      const texts: string[] = [];
      for (let iterator of iterators)
        while (iterator) {
          const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }));
          for (const { Data, PartitionKey } of page.Records ?? [])
            texts.push(String(PartitionKey), Buffer.from(Data ?? []).toString());
          iterator = (page.Records ?? []).length === 0 ? undefined : page.NextShardIterator;
        }
      return texts.join('\n');
    },
    close: () => client.destroy(),
  };
}
