import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import t from 'tap';
import { openReplayStream } from '../../../infra/operate/replay-stream.ts';
import { findTarget } from '../../../infra/operate/target.ts';

t.test("the local stack's stream is on the local stack, whatever region the shell names", async (t) => {
  const streams: string[] = [];
  const server = createServer(async (request, response) => {
    streams.push(((await json(request)) as { StreamName: string }).StreamName);
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: [{ SequenceNumber: '1' }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
    server.close();
    server.closeAllConnections();
  });
  const kinesisUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dir = t.testdir({ 'run.json': JSON.stringify({ kinesisUrl, stream: 'local-events' }) });
  delete process.env.PISTATS_STREAM;
  process.env.PISTATS_RUN = join(dir, 'run.json');
  process.env.AWS_REGION = 'eu-west-1';
  const target = findTarget(['stream']);
  await openReplayStream(target.stream)([{ partitionKey: 'k', data: Buffer.from('[]') }]);
  t.same(streams, ['local-events']);
});
