import type { ReportFailure } from '../contracts/failure-log.ts';
import type { Breaker } from './breaker.ts';
import * as metrics from './metrics.ts';
import type { PutRecords } from './put-records.ts';
import type { StreamRecord } from './spool/stream-record.ts';
import { requestIdsOf } from './stamp.ts';

/** Kinesis quotas of PutRecords: 500 records a call; 5 MiB a call with partition keys, a margin left. */
export const MAX_RECORDS = 500;
export const MAX_BYTES = 4_500_000;
/** A partition key's bytes at most. */
const KEY_BYTES = 256;

/** The first of the items whose records one PutRecords takes; one, where that alone is too large. */
export function takeCall<T>(items: Iterable<T>, recordOf: (item: T) => { data: Buffer }): T[] {
  const call: T[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += recordOf(item).data.length + KEY_BYTES;
    if (call.length >= MAX_RECORDS || (call.length > 0 && bytes > MAX_BYTES)) break;
    call.push(item);
  }
  return call;
}

export const MAX_CALL_MS = 5_000;
/** Fewer records that are all refused tell of a shard, not of the stream. */
const MANY_REFUSED = 10;

/** One PutRecords: which records were taken, by position. Never throws: of a call that fails none was. */
export type SendRecords = (records: StreamRecord[], timeoutMs: number) => Promise<boolean[]>;

/** Tells the breaker, the metrics and, of a call that failed, the log how each call went. */
export function createSendRecords(
  stream: string,
  putRecords: PutRecords,
  breaker: Breaker,
  report: ReportFailure = () => {},
): SendRecords {
  return async (records, timeoutMs) => {
    const observe = metrics.callSeconds.startTimer();
    let taken: boolean[] | undefined;
    try {
      taken = await putRecords(stream, records, timeoutMs);
    } catch (error) {
      metrics.failedCalls.inc();
      report('put_records_failed', error, () => ({
        stream,
        count: records.length,
        requestIds: requestIdsOf(records),
      }));
    }
    observe();
    if (taken?.some(Boolean)) breaker.success();
    else if (!taken || breaker.open || records.length >= MANY_REFUSED) breaker.failure();
    records.forEach((record, index) => {
      if (taken?.[index]) {
        metrics.records.inc();
        metrics.events.inc(record.events);
      } else metrics.refused.inc();
    });
    return taken ?? records.map(() => false);
  };
}
