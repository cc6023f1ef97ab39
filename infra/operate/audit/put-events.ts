import { type PutRecords, packRecords } from '../../../stream/index.ts';
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
  for (const { data, items } of packRecords(events, ({ event }) => JSON.stringify(event)))
    await putUntilTaken(stream, [{ partitionKey: items[0]?.partitionKey ?? '', data }], putRecords);
}
