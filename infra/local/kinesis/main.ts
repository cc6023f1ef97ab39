import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { parseArgs } from 'node:util';
import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_CLIENT } from '../local-aws.ts';
import { waitUntil } from '../wait-until.ts';

/**
 * The Kinesis service of one machine: kinesalite behind the unmodified AWS SDKs, on 127.0.0.1, with the stream made
 * when it is missing. On disk with `--path`, else in memory.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    stream: { type: 'string', default: 'pistats-events' },
    shards: { type: 'string', default: '4' },
    path: { type: 'string' },
  },
});

const kinesalite = createRequire(import.meta.url)('kinesalite') as (
  options: Record<string, unknown>,
) => Server;
const server = kinesalite({
  path: values.path,
  createStreamMs: 20,
  deleteStreamMs: 20,
  updateStreamMs: 20,
  shardLimit: 100,
});
await new Promise<void>((resolve, reject) => {
  server.once('error', reject);
  server.listen(Number(values.port), '127.0.0.1', () => resolve());
});
const { port } = server.address() as AddressInfo;

const client = new KinesisClient({
  ...LOCAL_CLIENT,
  endpoint: `http://127.0.0.1:${port}`,
  requestHandler: new NodeHttpHandler(), // the SDK's default, HTTP/2, needs TLS
});
const StreamName = values.stream;
const status = async () => {
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.StreamStatus;
};
if (!(await status().catch(() => null)))
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: Number(values.shards) }));
await waitUntil(`stream ${StreamName}`, async () => (await status()) === 'ACTIVE');
client.destroy();
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
