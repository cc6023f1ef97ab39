import { setTimeout as delay } from 'node:timers/promises';
import { MAX_RECORD_BYTES } from '../../../contracts/cloud-event.ts';
import type { PutRecords } from '../../../plugins/kinesis-forward/put-records.ts';
import { StopError } from '../../local/stop-error.ts';
import type { StreamEvent } from './find-on-stream.ts';

const CALL_MS = 5_000;
const MAX_TRIES = 8;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/**
 * Puts events on the stream, one record at a time and the next only behind the last one's acknowledgement: whenever
 * this ends early, what was not put is the tail of the numbering and leaves no gap in it.
 * @throws StopError when a record is still refused after some tries
 */
export async function putEvents(
  stream: string,
  events: StreamEvent[],
  putRecords: PutRecords,
): Promise<void> {
  for (const { partitionKey, data } of toRecords(events))
    await putOne(stream, { partitionKey, data }, putRecords);
}

function* toRecords(events: StreamEvent[]): Generator<{ partitionKey: string; data: Buffer }> {
  let open: string[] = [];
  let bytes = 2;
  let partitionKey = '';
  for (const { event, partitionKey: key } of events) {
    const json = JSON.stringify(event);
    const length = Buffer.byteLength(json) + 1;
    if (open.length > 0 && bytes + length > MAX_RECORD_BYTES) {
      yield { partitionKey, data: Buffer.from(`[${open.join()}]`) };
      open = [];
      bytes = 2;
    }
    if (open.length === 0) partitionKey = key;
    open.push(json);
    bytes += length;
  }
  if (open.length > 0) yield { partitionKey, data: Buffer.from(`[${open.join()}]`) };
}

async function putOne(stream: string, record: Parameters<PutRecords>[1][number], putRecords: PutRecords) {
  let why = 'it refused the record';
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (tries > 0) await delay(Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** tries));
    try {
      const [acknowledged] = await putRecords(stream, [record], CALL_MS);
      if (acknowledged) return;
    } catch (error) {
      why = (error as Error).message;
    }
  }
  throw new StopError(`the stream ${stream} takes nothing (${why}); run the repair again later.`);
}
