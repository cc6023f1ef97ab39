import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { isAlive, thisOwner } from '../../../stream/spool/owner.ts';
import { createRetirement } from '../../../stream/spool/retirement.ts';
import {
  DEAD,
  fakeKinesis,
  isEmpty,
  stampsTo,
  startNode,
  takesAll,
  tallied,
} from '../../support/spooling.ts';

const quick = { everyMs: 5 };
const spoolDir = (t: { testdir(): string }) => join(t.testdir(), 'spool');

/** A folder as a process leaves it that was killed while Kinesis was away. */
async function leftBehind(t: Parameters<typeof startNode>[0], dir: string, records: number) {
  const node = startNode(t, { dir, kinesis: fakeKinesis(() => 'fail'), owner: DEAD });
  await node.send(records);
  return node.boot;
}

t.test('what a dead process left is sent under its own stamps, and its folder goes', async (t) => {
  const dir = spoolDir(t);
  const boot = await leftBehind(t, dir, 1_201);
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir, kinesis });
  await node.spool.adoptOrphans();
  t.match(node.said, [/1201 records of an earlier process are sent again/]);
  await waitUntil('all is taken', () => kinesis.taken.size === 1_201, quick);
  t.same([...kinesis.taken.keys()].toSorted(), stampsTo(boot, 1_201).toSorted());
  t.ok(kinesis.calls.every(({ length }) => length <= 500));
  await waitUntil('its folder is gone', () => !existsSync(join(dir, boot)), quick);
  t.equal(await tallied(dir), 1_201, 'in the book of the boot that received it');
});

t.test('a living process keeps its own', async (t) => {
  const dir = spoolDir(t);
  const first = startNode(t, { dir, kinesis: fakeKinesis(() => 'fail') });
  await first.send(3);
  const kinesis = fakeKinesis();
  const second = startNode(t, { dir, kinesis });
  await second.spool.adoptOrphans();
  t.same(second.said, [], 'nothing of an earlier process');
  t.same(await second.send(), [true]);
  t.same([...kinesis.taken.keys()], [`${second.boot} 1`]);
});

t.test('of several that see a dead process, one takes its records', async (t) => {
  const dir = spoolDir(t);
  await leftBehind(t, dir, 40);
  const kinesis = fakeKinesis(() => 'fail');
  const nodes = Array.from({ length: 5 }, (_, index) =>
    // processes of their own, of which only the pid is real
    startNode(t, {
      dir,
      kinesis,
      owner: { ...thisOwner(), pid: index % 2 ? process.pid : process.ppid, start: '0' },
    }),
  );
  await Promise.all(nodes.map(({ spool }) => spool.adoptOrphans()));
  t.same(
    nodes.flatMap(({ said }) => said),
    ['spool: 40 records of an earlier process are sent again'],
  );
});

t.test('a torn tail is cut off at any byte; what is before it is sent', async (t) => {
  const source = spoolDir(t);
  const boot = await leftBehind(t, source, 3);
  const whole = readFileSync(join(source, boot, '00000001.segment'));
  const last = whole.length / 3;
  for (const cut of [1, 4, 8, 9, Math.round(last / 2), last - 1]) {
    const dir = join(t.testdirName, `cut-${cut}`);
    cpSync(source, dir, { recursive: true });
    const file = join(dir, boot, '00000001.segment');
    truncateSync(file, whole.length - cut);
    const kinesis = fakeKinesis(() => 'fail');
    const node = startNode(t, { dir, kinesis });
    await node.spool.adoptOrphans();
    t.same(readFileSync(file), whole.subarray(0, whole.length - last), `${cut} bytes short`);
    t.match(node.said, [/2 records/, new RegExp(`${last - cut} bytes`)]);
    kinesis.answer = takesAll;
    await waitUntil('the intact are taken', () => kinesis.taken.size === 2, quick);
  }
});

t.test('a segment that is in the book already is not sent again', async (t) => {
  const dir = spoolDir(t);
  const boot = await leftBehind(t, dir, 3);
  const counts = [{ client: 'acme', minute: '2026-11-24T13:05Z', events: 3 }];
  const tally = { producer: 'node-1', boot, segment: '00000001.segment', from: 1, to: 3, counts };
  await createRetirement(dir, DEAD).retire([], [tally]);
  const node = startNode(t, { dir, kinesis: fakeKinesis() });
  await node.spool.adoptOrphans();
  t.equal(node.spool.parked('stream'), 0);
  await waitUntil('its folder is gone', () => !existsSync(join(dir, boot)), quick);
  t.equal(await tallied(dir), 3, 'counted once');
});

t.test('the process that adopted dies as well: the next one goes on', async (t) => {
  const dir = spoolDir(t);
  const boot = await leftBehind(t, dir, 30);
  const first = startNode(t, {
    dir,
    kinesis: fakeKinesis(() => 'fail'),
    owner: { pid: DEAD.pid - 1, start: '1' },
  });
  await first.spool.adoptOrphans();
  const kinesis = fakeKinesis();
  const second = startNode(t, { dir, kinesis });
  await second.spool.adoptOrphans();
  await waitUntil('all is taken', () => kinesis.taken.size === 30, quick);
  t.same([...kinesis.taken.keys()].toSorted(), stampsTo(boot, 30).toSorted());
});

t.test('a folder without an owner is adopted; one that is empty, or half made, is left', async (t) => {
  const dir = spoolDir(t);
  const boot = await leftBehind(t, dir, 2);
  cpSync(join(dir, boot, '00000001.segment'), join(dir, 'ownerless', '00000001.segment'), {
    recursive: true,
  });
  for (const name of ['empty', '.making']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'notes.txt'), '');
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir, kinesis });
  await node.spool.adoptOrphans();
  await isEmpty(dir);
  t.same([...kinesis.taken.values()], [2, 2]);
  const left = '.making,empty,notes.txt,tallies';
  await waitUntil('their folders are gone', () => readdirSync(dir).toSorted().join() === left, quick);
});

t.test('tallies are kept for 8 days', async (t) => {
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const names = [0, 7, 8, 9, 30].map((ago) => `boot.${day(ago)}.ndjson`);
  const dir = t.testdir({ tallies: Object.fromEntries([...names, 'other'].map((name) => [name, ''])) });
  await createRetirement(dir, DEAD).deleteOldTallies(Date.now());
  t.same(readdirSync(join(dir, 'tallies')).toSorted(), [...names.slice(0, 3), 'other'].toSorted());
});

t.test('a line that a crash tore is not joined with the next one', async (t) => {
  const dir = spoolDir(t);
  const tally = (segment: string) => ({
    ...{ producer: 'node-1', boot: 'boot', segment, from: 1, to: 1 },
    counts: [{ client: 'acme', minute: '2026-11-24T13:05Z', events: 1 }],
  });
  await createRetirement(dir, DEAD).retire([], [tally('1')]);
  const [name] = readdirSync(join(dir, 'tallies'));
  appendFileSync(join(dir, 'tallies', String(name)), JSON.stringify(tally('2')).slice(0, 20));
  await createRetirement(dir, DEAD).retire([], [tally('3')]);
  t.equal(await tallied(dir), 2);
});

t.test('alive is who runs under this pid since that time', async (t) => {
  t.equal(isAlive(thisOwner()), true);
  t.equal(
    isAlive({ ...thisOwner(), start: '1' }),
    process.platform !== 'linux',
    'a later process with its pid is not it',
  );
  t.equal(isAlive(DEAD), false);
  t.equal(isAlive({ pid: 0, start: '0' }), false);
});
