import { setTimeout as delay } from 'node:timers/promises';
import { MAX_CALL_MS, type Payload, type PutRecords, takeCall } from '../../stream/index.ts';
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
  for (let at = 0; at < records.length; ) {
    const call = takeCall(records.slice(at), (record) => record);
    await putCall(stream, call, putRecords, minBackoffMs);
    at += call.length;
  }
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
