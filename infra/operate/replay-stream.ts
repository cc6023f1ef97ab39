import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { STATE_DIR } from '../local/paths.ts';
import { readRunInfo } from '../local/run-info.ts';
import { StopError } from '../local/stop-error.ts';

export interface OutRecord {
  data: string;
  partitionKey: string;
}

export interface ReplayStream {
  /** Resolves when every record is on the stream. */
  put(records: OutRecord[]): Promise<void>;
  close(): void;
}

/** Kinesis takes 500 records and 5 MiB a call; records are of 256 KiB at most, and base64 adds a third. */
const RECORDS_A_CALL = 500;
const BYTES_A_CALL = 3 * 1024 * 1024;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;

/**
 * The stream to put on: PISTATS_STREAM, with endpoint, region and credentials from the AWS SDK's environment; else
 * that of the stack that runs on this machine.
 * @throws StopError when there is neither
 */
export function openReplayStream(env: NodeJS.ProcessEnv = process.env): ReplayStream {
  const requestHandler = new NodeHttpHandler({ connectionTimeout: 2_000, requestTimeout: 15_000 });
  if (env.PISTATS_STREAM) return replayStream(new KinesisClient({ requestHandler }), env.PISTATS_STREAM);
  const file = env.PISTATS_RUN ?? join(STATE_DIR, 'run.json');
  if (!existsSync(file))
    throw new StopError('no stream is known: start piStats with "npm start", or set PISTATS_STREAM.');
  const { kinesisUrl, stream } = readRunInfo(file);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new KinesisClient({
    region: 'eu-central-1',
    endpoint: kinesisUrl,
    credentials,
    requestHandler,
  });
  return replayStream(client, stream);
}

function replayStream(client: KinesisClient, stream: string): ReplayStream {
  /** Gives the records that were refused. */
  async function putOnce(records: OutRecord[]): Promise<OutRecord[]> {
    const { Records = [] } = await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: records.map(({ data, partitionKey }) => ({
          Data: Buffer.from(data),
          PartitionKey: partitionKey,
        })),
      }),
    );
    return records.filter((_, index) => !Records[index]?.SequenceNumber || Records[index]?.ErrorCode);
  }
  return {
    async put(records) {
      for (const call of calls(records)) {
        let left = call;
        for (let attempt = 1; left.length > 0; attempt++) {
          left = await putOnce(left).catch((error: Error) => {
            throw new StopError(`the stream ${stream} can not be written: ${error.name}: ${error.message}`);
          });
          if (left.length === 0) break;
          if (attempt === ATTEMPTS)
            throw new StopError(`the stream ${stream} refuses records; try again later.`);
          await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1));
        }
      }
    },
    close: () => client.destroy(),
  };
}

function* calls(records: OutRecord[]): Generator<OutRecord[]> {
  let open: OutRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = Buffer.byteLength(record.data);
    if (open.length === RECORDS_A_CALL || (open.length > 0 && bytes + size > BYTES_A_CALL)) {
      yield open;
      open = [];
      bytes = 0;
    }
    open.push(record);
    bytes += size;
  }
  if (open.length > 0) yield open;
}
