import { createPutRecords, type Payload } from '../../stream/index.ts';
import { putUntilTaken } from './put-until-taken.ts';

/** Resolves when every record is on the stream. */
export type ReplayStream = (records: Payload[]) => Promise<void>;

/** The stream of that name, with endpoint, region and credentials from the AWS SDK's environment. */
export function openReplayStream(stream: string): ReplayStream {
  const putRecords = createPutRecords();
  return (records) => putUntilTaken(stream, records, putRecords);
}
