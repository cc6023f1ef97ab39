import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import {
  fakeKinesis,
  isEmpty,
  spooled,
  stampsTo,
  startNode,
  takesAll,
  tallied,
  watchedFs,
} from '../../support/spooling.ts';

const spoolDir = (t: { testdir(): string }) => join(t.testdir(), 'spool');
const quick = { everyMs: 2 };

t.test('written before Kinesis sees it, without an fsync; gone when Kinesis has it', async (t) => {
  const dir = spoolDir(t);
  const { fs, count } = watchedFs();
  let before: string[] = [];
  const kinesis = fakeKinesis(async (stamps) => {
    before = await spooled(dir);
    return takesAll(stamps);
  });
  const node = startNode(t, { dir, kinesis, fs });
  t.same(await node.send(), [true]);
  t.same(before, [`${node.boot} 1`]);
  t.same(count, { fsyncs: 0, writes: 1 });
  await isEmpty(dir);
  t.equal(await tallied(dir), 1, 'and entered into the book');
  t.same(readdirSync(join(dir, node.boot)).length, 1, 'only its owner is left of it');
});

t.test('records that wait for the same call share one write', async (t) => {
  const { fs, count } = watchedFs();
  const node = startNode(t, { dir: spoolDir(t), kinesis: fakeKinesis(), fs });
  t.same(new Set(await node.send(100)), new Set([true]));
  t.equal(count.writes, 3, 'two calls of one record, and one of the rest');
});

t.test('nobody but its owner can read it', async (t) => {
  const dir = spoolDir(t);
  const node = startNode(t, { dir, kinesis: fakeKinesis(() => 'fail') });
  await node.send();
  const modes = (path: string) => (statSync(path).mode & 0o777).toString(8);
  t.equal(modes(dir), '700');
  t.equal(modes(join(dir, node.boot)), '700');
  for (const name of readdirSync(join(dir, node.boot)))
    t.equal(modes(join(dir, node.boot, name)), '600', name);
});

t.test('Kinesis that is slow: after spoolAfterMs the fsync counts, shared by all who wait', async (t) => {
  const { fs, count } = watchedFs();
  const kinesis = fakeKinesis(() => 'hang');
  const node = startNode(t, { dir: spoolDir(t), kinesis, fs });
  t.same(new Set(await node.send(50, { spoolAfterMs: 30 })), new Set([true]));
  t.ok(kinesis.calls.length <= 3, 'Kinesis had its time');
  // of the segment and, once, of the two folders that lead to it
  t.ok(count.fsyncs >= 3 && count.fsyncs <= 5, `${count.fsyncs} fsyncs for 50 requests`);
  kinesis.answer = takesAll;
});

t.test(
  'Kinesis down: 2xx from the spool at once, few calls; then all is drained in its stamps',
  async (t) => {
    const dir = spoolDir(t);
    const kinesis = fakeKinesis(() => 'fail');
    const node = startNode(t, { dir, kinesis });
    const startedAt = performance.now();
    for (let round = 0; round < 20; round++) t.same(new Set(await node.send(60)), new Set([true]));
    const ms = performance.now() - startedAt;
    t.comment(`1,200 requests in ${Math.round(ms)} ms, ${kinesis.calls.length} calls`);
    t.ok(kinesis.calls.length < 20, 'the breaker is open');
    t.same((await spooled(dir)).toSorted(), stampsTo(node.boot, 1_200).toSorted());
    kinesis.answer = takesAll;
    kinesis.calls = [];
    await waitUntil('all is taken', () => kinesis.taken.size === 1_200, quick);
    t.same([...kinesis.taken.keys()].toSorted(), stampsTo(node.boot, 1_200).toSorted());
    t.same(new Set(kinesis.taken.values()), new Set([1]), 'each once');
    t.ok(kinesis.calls.every(({ length }) => length <= 500));
    await isEmpty(dir);
    t.equal(await tallied(dir), 1_200);
    kinesis.calls = [];
    t.same(await node.send(), [true]);
    t.same(kinesis.calls, [[`${node.boot} 1201`]], 'and the next one goes to Kinesis');
  },
);

t.test('records refused one by one: answered from the spool, only they go again', async (t) => {
  const dir = spoolDir(t);
  const refusedOnce = new Set<string>();
  const kinesis = fakeKinesis((stamps) =>
    stamps.map((stamp) => {
      const refuse = Number(stamp.split(' ')[1]) % 3 === 0 && !refusedOnce.has(stamp);
      if (refuse) refusedOnce.add(stamp);
      return !refuse;
    }),
  );
  const node = startNode(t, { dir, kinesis });
  t.same(new Set(await node.send(90)), new Set([true]));
  await waitUntil('all is taken', () => kinesis.taken.size === 90, quick);
  t.equal(refusedOnce.size, 30);
  t.same(new Set(kinesis.taken.values()), new Set([1]));
  t.equal(kinesis.calls.flat().length, 120, 'each of the 30 one time more');
});

t.test('while what waited is drained, requests are not held up behind it', async (t) => {
  const kinesis = fakeKinesis(() => 'fail');
  const node = startNode(t, { dir: spoolDir(t), kinesis });
  for (let round = 0; round < 5; round++) await node.send(1_000);
  kinesis.answer = async (stamps) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return takesAll(stamps);
  };
  await waitUntil('it drains, and the breaker is closed', () => kinesis.taken.size > 500, quick);
  await node.send(1);
  t.ok(kinesis.taken.has(`${node.boot} 5001`), 'acknowledged by Kinesis itself');
  t.ok(kinesis.taken.size < 4_000, `before ${5_001 - kinesis.taken.size} that had waited`);
  await waitUntil('and all is taken', () => kinesis.taken.size === 5_001, quick);
});

const bounds: [what: string, bounds: { maxBytes: number; maxAgeMs: number }][] = [
  ['size', { maxBytes: 4_096, maxAgeMs: 60_000_000 }],
  ['age', { maxBytes: 1024 ** 3, maxAgeMs: 100 }],
];
for (const [what, bound] of bounds)
  t.test(
    `past its bound on ${what}: refused before a stamp is given, until Kinesis takes records again`,
    async (t) => {
      const dir = spoolDir(t);
      const kinesis = fakeKinesis(() => 'fail');
      const node = startNode(t, { dir, kinesis, bounds: bound });
      let accepted = 0;
      await waitUntil(
        'the spool is full',
        async () => {
          const [durable] = await node.send();
          if (durable) accepted++;
          return !durable;
        },
        { everyMs: 5 },
      );
      t.ok(accepted > 0);
      t.equal(node.stamped(), accepted, 'what was refused has no stamp');
      t.ok(node.writer.refusal() !== undefined, 'with seconds for Retry-After');
      kinesis.answer = takesAll;
      await waitUntil('it is taken again', () => node.writer.refusal() === undefined, quick);
      t.same(await node.send(), [true]);
      await waitUntil('all is taken', () => kinesis.taken.size === node.stamped(), quick);
      t.same([...kinesis.taken.keys()].toSorted(), stampsTo(node.boot, node.stamped()).toSorted());
    },
  );

t.test('a bound refuses nothing that Kinesis takes at once', async (t) => {
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir: spoolDir(t), kinesis, bounds: { maxBytes: 1, maxAgeMs: 1 } });
  for (let round = 0; round < 10; round++) t.same(new Set(await node.send(10)), new Set([true]));
  t.equal(kinesis.taken.size, 100);
});

t.test('close: what is under way is waited for, what Kinesis does not take is in the spool', async (t) => {
  const dir = spoolDir(t);
  const kinesis = fakeKinesis(async (stamps) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return takesAll(stamps);
  });
  const node = startNode(t, { dir, kinesis });
  const sent = node.send(300);
  await node.stop();
  t.same(new Set(await sent), new Set([true]));
  t.equal(kinesis.taken.size, 300);
  t.same(readdirSync(dir), ['tallies'], 'nothing is left but the book');
  t.equal(await tallied(dir), 300);

  kinesis.answer = () => 'fail';
  const second = startNode(t, { dir, kinesis });
  const down = second.send(20);
  await second.stop();
  t.same(new Set(await down), new Set([true]));
  t.same((await spooled(dir)).toSorted(), stampsTo(second.boot, 20).toSorted());
});

t.test('a folder that somebody takes away is made again', async (t) => {
  const dir = spoolDir(t);
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir, kinesis });
  await node.send();
  await isEmpty(dir);
  rmSync(dir, { recursive: true });
  kinesis.answer = () => 'fail';
  t.same(await node.send(3), [true, true, true]);
  t.same((await spooled(dir)).length, 3);
});
