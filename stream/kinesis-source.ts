import {
  DescribeStreamSummaryCommand,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  KinesisClient,
  type KinesisClientConfig,
  ListShardsCommand,
  type ListShardsCommandOutput,
  ProvisionedThroughputExceededException,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import {
  ExpiredError,
  LATEST,
  type Shard,
  type StreamSource,
  ThrottledError,
  TrimmedError,
} from './stream-source.ts';

/** Records a GetRecords; Kinesis allows 10,000 or 10 MiB, a quarter keeps the spout's buffer fine-grained. */
const PAGE_RECORDS = 2_500;

/** Kinesis through the AWS SDK; region, credentials and endpoint come from the environment, or from `client`. */
export function kinesisSource(
  stream: string,
  {
    maxAttempts = 1,
    pageRecords = PAGE_RECORDS,
    client: settings,
  }: { maxAttempts?: number; pageRecords?: number; client?: KinesisClientConfig } = {},
): StreamSource & { close(): void } {
  const client = new KinesisClient({
    // by default one: the topology tries again by itself, and an attempt behind its back counts against Kinesis' limits
    maxAttempts,
    // HTTP/1.1: the client's default HTTP/2 gains nothing here, and endpoints without TLS do not speak it
    requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000, requestTimeout: 15_000 }),
    ...settings,
  });
  return {
    async describe() {
      const { StreamDescriptionSummary } = await client.send(
        new DescribeStreamSummaryCommand({ StreamName: stream }),
      );
      const created = StreamDescriptionSummary?.StreamCreationTimestamp;
      return `${stream}@${created ? new Date(created).toISOString() : 'unknown'}`;
    },
    async listShards() {
      const shards: Shard[] = [];
      let token: string | undefined;
      do {
        const page: ListShardsCommandOutput = await client.send(
          new ListShardsCommand(token ? { NextToken: token } : { StreamName: stream }),
        );
        for (const { ShardId, ParentShardId, AdjacentParentShardId } of page.Shards ?? [])
          if (ShardId)
            shards.push({
              id: ShardId,
              parents: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
            });
        token = page.NextToken;
      } while (token);
      return shards;
    },
    async iterator(shard, after) {
      const position =
        after === null
          ? ({ ShardIteratorType: 'TRIM_HORIZON' } as const)
          : after === LATEST
            ? ({ ShardIteratorType: 'LATEST' } as const)
            : ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after } as const);
      try {
        const { ShardIterator } = await client.send(
          new GetShardIteratorCommand({ StreamName: stream, ShardId: shard, ...position }),
        );
        return ShardIterator as string;
      } catch (error) {
        if (after !== null && error instanceof InvalidArgumentException)
          throw new TrimmedError(error.message);
        throw error;
      }
    },
    async records(iterator) {
      const page = await client
        .send(new GetRecordsCommand({ ShardIterator: iterator, Limit: pageRecords }))
        .catch((error: Error) => {
          if (error instanceof ExpiredIteratorException) throw new ExpiredError(error.message);
          if (error instanceof ProvisionedThroughputExceededException)
            throw new ThrottledError(error.message);
          throw error;
        });
      const records = (page.Records ?? []).map((record) => ({
        sequence: record.SequenceNumber as string,
        partitionKey: record.PartitionKey ?? '',
        data: record.Data as Uint8Array,
      }));
      return { records, next: page.NextShardIterator || null, behindMs: page.MillisBehindLatest };
    },
    close: () => client.destroy(),
  };
}
