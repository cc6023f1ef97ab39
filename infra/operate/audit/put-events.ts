import { MAX_RECORD_BYTES } from '../../../contracts/cloud-event.ts';
import type { Payload, PutRecords } from '../../../plugins/kinesis-forward/put-records.ts';
import { putUntilTaken } from '../put-until-taken.ts';
import type { StreamEvent } from './find-on-stream.ts';

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
  for (const record of toRecords(events)) await putUntilTaken(stream, [record], putRecords);
}

function* toRecords(events: StreamEvent[]): Generator<Payload> {
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
