import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { SHARD_END } from '../../../storm/spout/ports.ts';
import { readLimits } from '../../../storm/spout/read-limits.ts';
import { readShard } from '../../../storm/spout/read-shard.ts';
import { decodeBatch } from '../../../storm/spout/record-batch.ts';
import { createStreamReader } from '../../../storm/spout/stream-reader.ts';
import { kinesisSource } from '../../../stream/kinesis-source.ts';
import { fakeCheckpoints, fakeStream, shardId } from '../../support/fake-stream.ts';
import { localKinesis } from '../../support/local-kinesis.ts';
import { limitedKinesis, mostInASecond } from './limited-kinesis.ts';

const STREAM = 'limits-test';

/** The spout's reader with its own limits, over a service that keeps Kinesis'. */
async function startReading(t: Test, shards: number) {
  const kinesis = await localKinesis(t, STREAM, shards);
  const limited = await limitedKinesis(t, kinesis.env.AWS_ENDPOINT_URL_KINESIS);
  Object.assign(process.env, kinesis.env, { AWS_ENDPOINT_URL_KINESIS: limited.url });
  const logs: string[] = [];
  const checkpoints = fakeCheckpoints();
  const reader = createStreamReader({
    source: kinesisSource(STREAM),
    checkpoints,
    task: 0,
    tasks: 1,
    ...readLimits(process.env),
    maxUnitEvents: 500,
    maxUnitBytes: 512 * 1024,
    maxBufferedEvents: 1_000_000,
    maxBufferedBytes: 1_000_000_000,
    log: (line) => void logs.push(line),
    report: (code, error) => void logs.push(`${code} ${error}`),
  });
  t.teardown(() => reader.stop());
  const read: string[] = [];
  const pull = () => {
    for (let unit = reader.next(); unit; unit = reader.next()) {
      read.push(...decodeBatch(unit.payload).map(({ data }) => data));
      reader.ack(unit.id);
    }
    return read.length;
  };
  const until = (count: number) => waitUntil(`${count} records`, () => pull() >= count, { everyMs: 10 });
  return { ...kinesis, limited, logs, checkpoints, reader, read, until };
}

t.test('no shard is asked more than five times in a second, at the start or later', async (t) => {
  const { limited, reader, put, read, until } = await startReading(t, 3);
  let n = 0;
  const more = () => put(Array.from({ length: 30 }, () => String(n++)));
  await more();
  await reader.discover();
  // a shard with records is read as often as may be
  while (limited.calls.GetRecords.length < 40) {
    await more();
    await delay(100);
  }
  await until(n);
  t.equal(new Set(read).size, n);
  t.equal(read.length, n);
  t.ok(mostInASecond(limited.calls.GetRecords) <= 5);
  t.ok(mostInASecond(limited.calls.GetShardIterator) <= 5);
  t.equal(limited.throttled, 0);
  t.equal(new Set(limited.calls.GetRecords.map(({ shard }) => shard)).size, 3, 'in lists of two shards');
});

t.test('nor by a service that answers at once', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', ...Array.from({ length: 200 }, (_, n) => String(n)));
  const calls: { shard: string; at: number }[] = [];
  const source = {
    ...stream.source,
    records(iterator: string) {
      calls.push({ shard: '0', at: performance.now() });
      return stream.source.records(iterator);
    },
  };
  const read = {
    source,
    shard: shardId('0'),
    from: null,
    deliver() {},
    mayRead: () => true,
    log() {},
    report() {},
  };
  const stop = new AbortController();
  const reading = readShard({ ...read, ...readLimits({}), signal: stop.signal });
  await waitUntil('reads', () => calls.length >= 12);
  stop.abort();
  t.equal(await reading, 'stopped');
  t.ok(mostInASecond(calls) <= 5);
});

t.test(
  'throttled, expired and KMS’s errors: the reader waits, goes on where it was and loses nothing',
  async (t) => {
    const { limited, reader, put, read, until, logs } = await startReading(t, 1);
    const shard = shardId('0');
    limited.errors.set(shard, [
      'ProvisionedThroughputExceededException',
      'ExpiredIteratorException',
      'ExpiredIteratorException',
      'KMSThrottlingException',
    ]);
    await put(['a', 'b']);
    await reader.discover();
    await until(2);
    limited.errors.set(shard, ['ExpiredIteratorException']);
    await put(['c']);
    await until(3);
    t.same(read, ['a', 'b', 'c']);
    t.match(logs.join('\n'), /ThrottledError[\s\S]*KMSThrottlingException/);
    t.ok(mostInASecond(limited.calls.GetRecords) <= 5);
    t.ok(mostInASecond(limited.calls.GetShardIterator) <= 5);
    t.equal(limited.throttled, 0);
    const [first, second] = limited.calls.GetRecords as unknown as [{ at: number }, { at: number }];
    t.ok(second.at - first.at > 500, 'throttled: it backs off');
    t.equal(limited.calls.GetShardIterator.length, 5, 'a throttled read keeps its iterator');
  },
);

t.test('a backlog of large records is read at the shard’s 2 MB a second', async (t) => {
  const { limited, reader, put, until } = await startReading(t, 1);
  const large = 'x'.repeat(200_000);
  for (let n = 0; n < 4; n++) await put(Array.from({ length: 5 }, () => large));
  await reader.discover();
  await until(20);
  await put(['small']);
  await until(21);
  t.equal(limited.throttled, 0);
});

t.test('shards that were merged end, and their child is read', async (t) => {
  const { client, reader, put, until, checkpoints, limited } = await startReading(t, 2);
  const { MergeShardsCommand } = await import('@aws-sdk/client-kinesis');
  await put(['a', 'b', 'c']);
  await reader.discover();
  await until(3);
  await client.send(
    new MergeShardsCommand({
      StreamName: STREAM,
      ShardToMerge: shardId('0'),
      AdjacentShardToMerge: shardId('1'),
    }),
  );
  await waitUntil('the merge', async () => (await kinesisSource(STREAM).listShards()).length === 3);
  await put(['d']);
  const ended = () => [...checkpoints.saved.values()].filter((position) => position === SHARD_END).length;
  await waitUntil('both ends', async () => {
    await reader.checkpoint();
    return ended() === 2;
  });
  await until(4);
  t.equal(limited.throttled, 0);
});

t.test('limits: Kinesis’ own unless asked for less, or for more where it is not AWS', async (t) => {
  const local = 'http://127.0.0.1:4567';
  const vpc = 'https://vpce-1.kinesis.eu-central-1.vpce.amazonaws.com';
  const strict = { pollMs: 210, bytesPerSecond: 2_000_000 };
  t.same(readLimits({}), strict);
  t.same(readLimits({ AWS_ENDPOINT_URL: local }), strict);
  for (const bad of ['', '0', '-5', 'often'])
    t.same(readLimits({ PISTATS_POLL_MS: bad, AWS_ENDPOINT_URL: local }), strict, bad);
  t.same(readLimits({ PISTATS_POLL_MS: '20' }), strict);
  t.same(readLimits({ PISTATS_POLL_MS: '20', AWS_ENDPOINT_URL_KINESIS: vpc }), strict);
  t.same(readLimits({ PISTATS_POLL_MS: '1000' }), { ...strict, pollMs: 1_000 });
  t.same(readLimits({ PISTATS_POLL_MS: '20', AWS_ENDPOINT_URL_KINESIS: local }), {
    pollMs: 20,
    bytesPerSecond: Number.POSITIVE_INFINITY,
  });
});
