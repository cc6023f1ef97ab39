import { type AwsPost, createAwsClient, errorType } from './aws-client.ts';
import type { StreamRecord } from './spool/stream-record.ts';

export type Payload = Pick<StreamRecord, 'partitionKey' | 'data'>;

/** Which of the records were acknowledged, by position; throws when the call as a whole failed. */
export type PutRecords = (stream: string, records: Payload[], timeoutMs: number) => Promise<boolean[]>;

interface PutRecordsAnswer {
  Records?: { SequenceNumber?: string; ErrorCode?: string }[];
}

/** PutRecords by Kinesis' API; endpoint, region and credentials come from the AWS SDKs' environment. */
export function createPutRecords(
  /** told of the records that were refused within a call that was answered: Kinesis' ErrorCode of each */
  refused: (stream: string, codes: string[]) => void = () => {},
): PutRecords {
  let post: AwsPost | undefined;
  return async (stream, records, timeoutMs) => {
    post ??= createAwsClient('kinesis');
    // one attempt: only refused records may be sent again, and that the writer does
    const answer = await post({
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecords',
      },
      body: JSON.stringify({
        StreamName: stream,
        Records: records.map(({ partitionKey, data }) => ({
          PartitionKey: partitionKey,
          Data: data.toString('base64'),
        })),
      }),
      timeoutMs,
    });
    if (answer.status >= 300) {
      const code = errorType(answer) || `http_${answer.status}`;
      throw Object.assign(new Error(`kinesis: ${answer.status} ${errorType(answer)}`), { code });
    }
    const results = (JSON.parse(answer.body || 'null') as PutRecordsAnswer | null)?.Records;
    const codes = (results ?? []).flatMap(({ ErrorCode }) => ErrorCode || []);
    if (codes.length > 0) refused(stream, codes);
    return records.map((_, index) => {
      const result = results?.[index];
      return Boolean(result?.SequenceNumber) && !result?.ErrorCode;
    });
  };
}
