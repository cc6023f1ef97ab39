import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createPutRecords, type Payload } from '../../stream/index.ts';
import { STATE_DIR } from '../local/paths.ts';
import { readRunInfo } from '../local/run-info.ts';
import { StopError } from '../local/stop-error.ts';
import { pointAtLocalKinesis } from './local-kinesis.ts';
import { putUntilTaken } from './put-until-taken.ts';

/** Resolves when every record is on the stream. */
export type ReplayStream = (records: Payload[]) => Promise<void>;

/**
 * The stream to put on: PISTATS_STREAM, with endpoint, region and credentials from the AWS SDK's environment; else
 * that of the stack that runs on this machine.
 * @throws StopError when there is neither
 */
export function openReplayStream(environment: NodeJS.ProcessEnv = process.env): ReplayStream {
  const stream = environment.PISTATS_STREAM ?? localStream(environment);
  const putRecords = createPutRecords();
  return (records) => putUntilTaken(stream, records, putRecords);
}

function localStream(environment: NodeJS.ProcessEnv): string {
  const file = environment.PISTATS_RUN ?? join(STATE_DIR, 'run.json');
  if (!existsSync(file))
    throw new StopError('no stream is known: start piStats with "npm start", or set PISTATS_STREAM.');
  const { kinesisUrl, stream } = readRunInfo(file);
  // whatever region the shell names: a local stream's name may be another's in the cloud
  pointAtLocalKinesis(kinesisUrl, environment);
  return stream;
}
