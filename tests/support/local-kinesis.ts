import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const kinesalite = createRequire(import.meta.url)('kinesalite') as (options: object) => Server;

/** Where a component finds the service; the credentials are only there to be signed with. */
export interface KinesisEnv {
  AWS_REGION: string;
  AWS_ACCESS_KEY_ID: string;
  AWS_SECRET_ACCESS_KEY: string;
  AWS_ENDPOINT_URL_KINESIS: string;
}

/** A Kinesis of the test's own, in memory, with one stream. */
export async function localKinesis(
  t: { teardown(f: () => unknown): unknown },
  stream: string,
  shards: number,
): Promise<{ env: KinesisEnv; client: KinesisClient; put(records: (string | Uint8Array)[]): Promise<void> }> {
  const server = kinesalite({ createStreamMs: 1, deleteStreamMs: 1, updateStreamMs: 1 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_KINESIS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  const client = new KinesisClient({
    region: env.AWS_REGION,
    endpoint: env.AWS_ENDPOINT_URL_KINESIS,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    requestHandler: new NodeHttpHandler(),
  });
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }));
  let key = 0;
  return {
    env,
    client,
    async put(records) {
      for (let at = 0; at < records.length; at += 500) {
        const Records = records
          .slice(at, at + 500)
          .map((record) => ({ Data: Buffer.from(record as string), PartitionKey: String(key++) }));
        const { FailedRecordCount } = await client.send(
          new PutRecordsCommand({ StreamName: stream, Records }),
        );
        if (FailedRecordCount) throw new Error(`${FailedRecordCount} records refused`);
      }
    },
  };
}
