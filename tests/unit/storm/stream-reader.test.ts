import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { SHARD_END } from '../../../storm/spout/ports.ts';
import { decodeBatch } from '../../../storm/spout/record-batch.ts';
import type { Unit } from '../../../storm/spout/shard-queue.ts';
import { createStreamReader, type StreamReaderOptions } from '../../../storm/spout/stream-reader.ts';
import { fakeCheckpoints, fakeStream, shardId } from '../../support/fake-stream.ts';

function reading(
  t: { teardown(f: () => void): unknown },
  stream: ReturnType<typeof fakeStream>,
  checkpoints = fakeCheckpoints(),
  options: Partial<StreamReaderOptions> = {},
) {
  const logs: string[] = [];
  const reader = createStreamReader({
    source: stream.source,
    checkpoints,
    task: 0,
    tasks: 1,
    pollMs: 1,
    maxUnitEvents: 3,
    maxUnitBytes: 1_000,
    maxBufferedEvents: 1_000,
    maxBufferedBytes: 100_000,
    log: (line) => void logs.push(line),
    report: (code, error) => void logs.push(`${code} ${error}`),
    ...options,
  });
  t.teardown(() => reader.stop());
  const units: Unit[] = [];
  return {
    reader,
    checkpoints,
    logs,
    units,
    /** Takes units until `count` records have come; without acks. */
    async take(count: number): Promise<string[]> {
      const data: string[] = [];
      while (data.length < count) {
        const unit = reader.next();
        if (unit) {
          units.push(unit);
          data.push(...decodeBatch(unit.payload).map((record) => record.data));
        } else await turn();
      }
      return data;
    },
    ackAll: () => {
      for (const unit of units.splice(0)) reader.ack(unit.id);
    },
  };
}

t.test('records come in order, in units of a bounded size, and acks move the checkpoint', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', 'a', 'b', 'c', 'd', 'e');
  const run = reading(t, stream);
  await run.reader.discover();
  t.same(await run.take(5), ['a', 'b', 'c', 'd', 'e']);
  t.equal(run.units.length, 2);
  await run.reader.checkpoint();
  t.equal(run.checkpoints.saved.size, 0);
  run.reader.ack(run.units[1]?.id as string);
  await run.reader.checkpoint();
  t.equal(run.checkpoints.saved.size, 0, 'a hole holds the checkpoint');
  run.reader.ack(run.units[0]?.id as string);
  await run.reader.checkpoint();
  t.same([...run.checkpoints.saved], [[`s@1/${shardId('0')}`, '5']]);
});

t.test(
  'after a restart reading goes on behind the checkpoint, so what was not acked comes again',
  async (t) => {
    const stream = fakeStream('0');
    stream.put('0', 'a', 'b', 'c', 'd', 'e');
    const first = reading(t, stream);
    await first.reader.discover();
    await first.take(5);
    first.reader.ack(first.units[0]?.id as string);
    await first.reader.checkpoint();
    first.reader.stop();
    const second = reading(t, stream, first.checkpoints);
    await second.reader.discover();
    t.same(await second.take(2), ['d', 'e']);
  },
);

t.test(
  'children of a split are read after the parent was acked to its end, also across a restart',
  async (t) => {
    const stream = fakeStream('0');
    stream.put('0', 'a', 'b');
    stream.reshard(['0'], ['1', '2']);
    stream.put('1', 'c');
    stream.put('2', 'd');
    const run = reading(t, stream);
    await run.reader.discover();
    t.same(await run.take(2), ['a', 'b']);
    await run.reader.discover();
    for (let i = 0; i < 50; i++) await turn();
    t.notOk(stream.reads.some((id) => id !== shardId('0')));
    run.ackAll();
    while (run.checkpoints.saved.get(`s@1/${shardId('0')}`) !== SHARD_END) {
      await run.reader.checkpoint();
      await turn();
    }
    t.same((await run.take(2)).sort(), ['c', 'd']);
    run.reader.stop();
    const again = reading(t, stream, run.checkpoints);
    await again.reader.discover();
    t.same((await again.take(2)).sort(), ['c', 'd']);
  },
);

t.test(
  'the child of a merge waits for both parents; a parent that is listed no more holds nobody',
  async (t) => {
    const stream = fakeStream('0', '1');
    stream.put('0', 'a');
    stream.put('1', 'b');
    stream.reshard(['0', '1'], ['2']);
    stream.put('2', 'c');
    const checkpoints = fakeCheckpoints();
    checkpoints.saved.set(`s@1/${shardId('0')}`, SHARD_END);
    const run = reading(t, stream, checkpoints);
    await run.reader.discover();
    t.same(await run.take(1), ['b']);
    run.ackAll();
    while (checkpoints.saved.get(`s@1/${shardId('1')}`) !== SHARD_END) {
      await run.reader.checkpoint();
      await turn();
    }
    t.same(await run.take(1), ['c']);

    const orphan = fakeStream('9');
    orphan.reshard([], ['10']);
    const listed = orphan.source.listShards;
    orphan.source.listShards = async () =>
      (await listed()).map((shard) => ({ ...shard, parents: ['shardId-000000000003'] }));
    orphan.put('10', 'x');
    const other = reading(t, orphan);
    await other.reader.discover();
    t.same(await other.take(1), ['x']);
  },
);

t.test('tasks share the shards by number', async (t) => {
  const stream = fakeStream('0', '1', '2', '3');
  for (const id of ['0', '1', '2', '3']) stream.put(id, id);
  const run = reading(t, stream, fakeCheckpoints(), { task: 1, tasks: 2 });
  await run.reader.discover();
  t.same((await run.take(2)).sort(), ['1', '3']);
  t.same([...new Set(stream.reads)].sort(), [shardId('1'), shardId('3')]);
});

t.test('a stream that was made again is read from its start', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', 'a', 'b');
  const run = reading(t, stream);
  await run.reader.discover();
  await run.take(2);
  run.ackAll();
  await run.reader.checkpoint();
  stream.recreate('0');
  stream.put('0', 'new');
  await run.reader.discover();
  t.same(await run.take(1), ['new']);
});

t.test('a checkpoint that was trimmed away, and errors of the stream, cost no record', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', 'a', 'b', 'c');
  stream.trim('0', 2);
  const checkpoints = fakeCheckpoints();
  checkpoints.saved.set(`s@1/${shardId('0')}`, '1');
  const run = reading(t, stream, checkpoints);
  stream.fail(1);
  await run.reader.discover();
  t.same(await run.take(1), ['c']);
  t.match(run.logs.join('\n'), /no longer in the stream/);
  t.match(run.logs.join('\n'), /ProvisionedThroughputExceeded/);
});

/** As long as it takes a reader that nothing holds back to read so often. */
async function otherReads(t: { teardown(f: () => void): unknown }, reads: number): Promise<void> {
  const stream = fakeStream('0');
  stream.put('0', ...Array.from({ length: 10 * reads }, () => 'x'));
  const { reader } = reading(t, stream);
  await reader.discover();
  while (stream.reads.length < reads) await turn();
  reader.stop();
}

t.test('reading stops at the bound and while deactivated, and goes on after acks', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', ...Array.from({ length: 40 }, (_, n) => String(n)));
  const run = reading(t, stream, fakeCheckpoints(), { maxBufferedEvents: 10 });
  run.reader.setActive(false);
  await run.reader.discover();
  await otherReads(t, 10);
  t.same(stream.reads, []);
  run.reader.setActive(true);
  await run.take(10);
  await otherReads(t, 10);
  t.equal(run.reader.next(), undefined, 'no page is read while ten are in flight');
  run.ackAll();
  t.equal((await run.take(10)).length, 10);
});

t.test('a shard that has left the list is asked no more, once all of it is stored', async (t) => {
  const stream = fakeStream('0', '1');
  stream.put('0', 'a');
  const run = reading(t, stream);
  await run.reader.discover();
  await run.take(1);
  const listed = stream.source.listShards;
  stream.source.listShards = async () => (await listed()).filter(({ id }) => id !== shardId('0'));
  await run.reader.discover();
  t.notMatch(run.logs.join(), /no longer in the stream/, 'what is in flight may yet fail');
  run.ackAll();
  await run.reader.discover();
  t.match(run.logs.join(), /shardId-000000000000 is no longer in the stream/);
  for (let i = 0; i < 10; i++) await turn();
  const before = stream.reads.filter((id) => id === shardId('0')).length;
  const ofTheOther = () => stream.reads.filter((id) => id === shardId('1')).length;
  const enough = ofTheOther() + 3;
  while (ofTheOther() < enough) await turn();
  t.equal(stream.reads.filter((id) => id === shardId('0')).length, before);
});

t.test('a failed unit comes again as it was', async (t) => {
  const stream = fakeStream('0');
  stream.put('0', 'a');
  const run = reading(t, stream);
  await run.reader.discover();
  await run.take(1);
  const [unit] = run.units as [Unit];
  run.reader.fail(unit.id, performance.now() - 1_000);
  t.same(run.reader.next(), unit);
  run.reader.ack('unknown');
});
