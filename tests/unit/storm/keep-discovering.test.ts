import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { keepDiscovering } from '../../../storm/spout/keep-discovering.ts';
import { SHARD_END } from '../../../storm/spout/ports.ts';
import { decodeBatch } from '../../../storm/spout/record-batch.ts';
import { createStreamReader } from '../../../storm/spout/stream-reader.ts';
import { fakeCheckpoints, fakeStream, shardId } from '../../support/fake-stream.ts';

/** Time that passes only when it is told to. */
function fakeTime() {
  let now = 0;
  let sleepers: { at: number; wake(): void }[] = [];
  return {
    pause: (ms: number) => new Promise<void>((wake) => void sleepers.push({ at: now + ms, wake })),
    async pass(ms: number) {
      now += ms;
      const due = sleepers.filter(({ at }) => at <= now);
      sleepers = sleepers.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
      while (sleepers.length === 0) await turn();
    },
    /** until it sleeps for the first time */
    async begun() {
      while (sleepers.length === 0) await turn();
    },
  };
}

function tasksOf(
  t: { teardown(f: () => void): unknown },
  stream: ReturnType<typeof fakeStream>,
  tasks: number,
) {
  const checkpoints = fakeCheckpoints();
  let listed = 0;
  const source = {
    ...stream.source,
    listShards: () => {
      listed++;
      return stream.source.listShards();
    },
  };
  const readerOf = (task: number) => {
    const reader = createStreamReader({
      source,
      checkpoints,
      task,
      tasks,
      pollMs: 1,
      maxUnitEvents: 10,
      maxUnitBytes: 1_000,
      maxBufferedEvents: 100,
      maxBufferedBytes: 10_000,
      log: () => {},
      report: () => {},
    });
    t.teardown(() => reader.stop());
    return reader;
  };
  return { checkpoints, readerOf, listed: () => listed };
}

t.test('a child is read soon after another task has read its parent to the end', async (t) => {
  const stream = fakeStream('0');
  const { checkpoints, readerOf, listed } = tasksOf(t, stream, 2);
  const [first, second] = [readerOf(0), readerOf(1)];
  const time = fakeTime();
  const errors: Error[] = [];
  const { pause } = time;
  void keepDiscovering(second, { onFirst: () => {}, onError: (error) => void errors.push(error), pause });
  await time.begun();
  await first.discover();
  stream.reshard(['0'], ['1']);
  stream.put('1', 'of the child');
  while (checkpoints.saved.get(`s@1/${shardId('0')}`) !== SHARD_END) {
    await first.checkpoint();
    await turn();
  }
  const before = listed();
  await time.pass(500);
  let unit = second.next();
  for (; !unit; unit = second.next()) await turn();
  t.same(
    decodeBatch(unit.payload).map(({ data }) => data),
    ['of the child'],
  );
  t.equal(listed(), before + 1);
  await time.pass(500);
  await time.pass(500);
  t.equal(listed(), before + 1, 'an end that is known is no reason to list again');
  t.same(errors, []);
});

t.test('without an end the shards are listed every five seconds', async (t) => {
  const { readerOf, listed } = tasksOf(t, fakeStream('0'), 2);
  const time = fakeTime();
  let firsts = 0;
  void keepDiscovering(readerOf(0), { onFirst: () => firsts++, onError: t.fail, pause: time.pause });
  await time.begun();
  for (let i = 0; i < 9; i++) await time.pass(500);
  t.equal(listed(), 1);
  await time.pass(500);
  t.equal(listed(), 2);
  t.equal(firsts, 1);
});

t.test('one task alone does not ask for the ends of others', async (t) => {
  const stream = fakeStream('0');
  const { checkpoints, readerOf } = tasksOf(t, stream, 1);
  const reader = readerOf(0);
  await reader.discover();
  checkpoints.saved.set(`s@1/${shardId('0')}`, SHARD_END);
  t.equal(await reader.sawEnd(), false);
});

t.test('what fails is told and tried again after a second', async (t) => {
  const time = fakeTime();
  const errors: string[] = [];
  let fails = true;
  let discovered = 0;
  const reader = {
    discover: async () => {
      if (fails) throw new Error('no stream');
      discovered++;
    },
    sawEnd: async () => {
      throw new Error('no database');
    },
  };
  void keepDiscovering(reader, {
    onFirst: () => {},
    onError: ({ message }) => void errors.push(message),
    pause: time.pause,
  });
  await time.begun();
  await time.pass(1_000);
  t.same(errors, ['no stream', 'no stream']);
  fails = false;
  await time.pass(1_000);
  t.equal(discovered, 1);
  await time.pass(500);
  t.same(errors, ['no stream', 'no stream', 'no database']);
  await time.pass(1_000);
  t.equal(discovered, 2);
});
