import { setTimeout as delay } from 'node:timers/promises';
import {
  KEY_BYTES,
  MAX_BYTES,
  MAX_CALL_MS,
  MAX_RECORDS,
  type Payload,
  type PutRecords,
} from '../../stream/index.ts';
import { OperatorError } from './errors.ts';

/** Together about 16 s of pauses. */
const MAX_TRIES = 8;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/**
 * Puts the records on the stream, in calls as large as Kinesis takes; what it refuses goes again, after a pause that doubles.
 * @throws StopError when some are still refused after MAX_TRIES; which ones were taken is not known then
 */
export async function putUntilTaken(
  stream: string,
  records: Payload[],
  putRecords: PutRecords,
  minBackoffMs = MIN_BACKOFF_MS,
): Promise<void> {
  for (const call of calls(records)) await putCall(stream, call, putRecords, minBackoffMs);
}

async function putCall(
  stream: string,
  call: Payload[],
  putRecords: PutRecords,
  minBackoffMs: number,
): Promise<void> {
  let left = call;
  let why = 'it refuses records';
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (tries > 0) await delay(Math.min(MAX_BACKOFF_MS, minBackoffMs * 2 ** tries));
    try {
      const taken = await putRecords(stream, left, MAX_CALL_MS);
      left = left.filter((_, index) => !taken[index]);
    } catch (error) {
      why = (error as Error).message;
    }
    if (left.length === 0) return;
  }
  throw new OperatorError(
    'stream_refuses',
    `the stream ${stream} takes nothing (${why}); run it again later.`,
  );
}

function* calls(records: Payload[]): Generator<Payload[]> {
  let open: Payload[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.data.length + KEY_BYTES;
    if (open.length === MAX_RECORDS || (open.length > 0 && bytes + size > MAX_BYTES)) {
      yield open;
      open = [];
      bytes = 0;
    }
    open.push(record);
    bytes += size;
  }
  if (open.length > 0) yield open;
}
