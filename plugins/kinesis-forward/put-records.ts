import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StreamRecord } from './stamp.ts';

/** Which of the records were acknowledged, by position; throws when the call as a whole failed. */
export type PutRecords = (stream: string, records: StreamRecord[], timeoutMs: number) => Promise<boolean[]>;

/** PutRecords by the AWS SDK; endpoint, region and credentials come from its own environment. */
export function createPutRecords(): PutRecords {
  let client: KinesisClient | undefined;
  return async (stream, records, timeoutMs) => {
    // one attempt: only refused records may be sent again, and that the writer does
    client ??= new KinesisClient({
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
    });
    const command = new PutRecordsCommand({
      StreamName: stream,
      Records: records.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
    });
    const answer = await client.send(command, { abortSignal: AbortSignal.timeout(Math.max(1, timeoutMs)) });
    return records.map((_, index) => {
      const result = answer.Records?.[index];
      return Boolean(result?.SequenceNumber) && !result?.ErrorCode;
    });
  };
}
