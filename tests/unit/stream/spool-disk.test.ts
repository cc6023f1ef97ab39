import fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import type { JournalFs } from '../../../stream/spool/journal.ts';
import {
  errno,
  fakeKinesis,
  isEmpty,
  spooled,
  stampsTo,
  startNode,
  takesAll,
  tallied,
  watchedFs,
} from '../../support/spooling.ts';

const quick = { everyMs: 5 };
const spoolDir = (t: { testdir(): string }) => join(t.testdir(), 'spool');
const short = { deadlineMs: 200 };

/** A disk that is full from its second write on: what still fits is written, and then nothing. */
function fillingDisk() {
  let writes = 0;
  let full = true;
  const writeSync = ((fd: number, bytes: Buffer, offset: number) => {
    if (!full || ++writes === 1) return fs.writeSync(fd, bytes, offset);
    if (offset > 0) throw errno('ENOSPC');
    return fs.writeSync(fd, bytes, 0, 7);
  }) as typeof fs.writeSync;
  return {
    change: { writeSync } satisfies Partial<JournalFs>,
    free() {
      full = false;
    },
  };
}

t.test('a full disk: Kinesis alone decides, nothing is answered 2xx that is in neither place', async (t) => {
  const dir = spoolDir(t);
  const disk = fillingDisk();
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir, kinesis, fs: watchedFs(disk.change).fs });
  for (let n = 0; n < 5; n++) t.same(await node.send(), [true], 'Kinesis has it');
  t.equal(kinesis.taken.size, 5);
  kinesis.answer = () => 'fail';
  t.same(new Set(await node.send(20, short)), new Set([false]), '503');
  t.same(await spooled(dir), [`${node.boot} 1`], 'half a record is no record');
  t.match(node.said, [/the disk fails \(ENOSPC\)/]);
  t.equal(node.said.length, 1, 'said once');
  kinesis.answer = takesAll;
  await waitUntil('what was stamped is forwarded', () => kinesis.taken.size === 25, quick);
  t.same([...kinesis.taken.keys()].toSorted(), stampsTo(node.boot, 25).toSorted(), 'n has no gap');
  disk.free();
  await waitUntil(
    'the spool works again',
    async () => {
      await node.send();
      return node.said.includes('spool: the disk is back');
    },
    quick,
  );
  await isEmpty(dir);
  await waitUntil(
    'what no disk had is in the book as well',
    async () => (await tallied(dir)) === node.stamped(),
    quick,
  );
});

t.test('a full disk and Kinesis down: what waits is on disk as soon as there is room', async (t) => {
  const dir = spoolDir(t);
  const disk = fillingDisk();
  const kinesis = fakeKinesis(() => 'fail');
  const node = startNode(t, { dir, kinesis, fs: watchedFs(disk.change).fs });
  const waiting = node.send(30, { deadlineMs: 20_000 });
  await waitUntil('the disk is full', () => node.said.length > 0, quick);
  disk.free();
  t.same(new Set(await waiting), new Set([true]), '2xx after all, within the deadline');
  t.same((await spooled(dir)).toSorted(), stampsTo(node.boot, 30).toSorted(), 'each once');
});

t.test(
  'an fsync that fails is not believed: what it was for is written again, to another file',
  async (t) => {
    const dir = spoolDir(t);
    let failures = 2;
    const synced = new Set<string>();
    const fdatasync: JournalFs['fdatasync'] = (fd, done) => {
      // as Linux does: it fails once, and then succeeds without what was lost
      if (failures > 0 && failures--) return void setImmediate(done, errno('EIO'));
      synced.add(fs.readlinkSync(`/proc/self/fd/${fd}`));
      fs.fdatasync(fd, done);
    };
    const kinesis = fakeKinesis(() => 'fail');
    const node = startNode(t, { dir, kinesis, fs: watchedFs({ fdatasync }).fs });
    t.same(await node.send(3, { deadlineMs: 20_000 }), [true, true, true]);
    t.same((await spooled(dir)).toSorted(), stampsTo(node.boot, 3).toSorted(), 'each in one file only');
    const file = (number: number) => join(fs.realpathSync(dir), node.boot, `0000000${number}.segment`);
    t.notOk(synced.has(file(1)), 'the first one is never asked again');
    t.notOk(synced.has(file(2)));
    t.ok(synced.has(file(3)));
    t.match(node.said, [/the disk fails \(EIO\)/, /the disk is back/]);
    kinesis.answer = takesAll;
    await waitUntil('all is taken', () => kinesis.taken.size === 3, quick);
    await isEmpty(dir);
    t.equal(await tallied(dir), 3, 'in the book once');
  },
);

t.test('an fsync that hangs: 503 in time, and Kinesis still gets the record', async (t) => {
  const kinesis = fakeKinesis(() => 'fail');
  let release = () => {};
  const fdatasync: JournalFs['fdatasync'] = (_fd, done) => {
    release = () => done(null);
  };
  const node = startNode(t, { dir: spoolDir(t), kinesis, fs: watchedFs({ fdatasync }).fs });
  t.same(await node.send(5, short), Array(5).fill(false));
  kinesis.answer = takesAll;
  await waitUntil('all is taken', () => kinesis.taken.size === 5, quick);
  const freeing = setInterval(() => release(), 5);
  t.teardown(() => clearInterval(freeing));
  await node.stop();
});

t.test('no folder can be made: as without a spool', async (t) => {
  const dir = join(t.testdir({ file: '' }), 'file', 'spool');
  const kinesis = fakeKinesis();
  const node = startNode(t, { dir, kinesis });
  t.same(await node.send(), [true]);
  kinesis.answer = () => 'fail';
  t.same(await node.send(2, short), [false, false]);
  t.match(node.said, [/the disk fails \(ENOTDIR\)/]);
  kinesis.answer = takesAll;
  await waitUntil('n has no gap', () => kinesis.taken.size === 3, quick);
});

t.test('a segment that changed on disk: the rest is sent, the file is kept, and it is said', async (t) => {
  const dir = spoolDir(t);
  const kinesis = fakeKinesis(() => 'fail');
  const node = startNode(t, { dir, kinesis });
  await node.send(9);
  const file = join(dir, node.boot, '00000001.segment');
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf('"n":"5"');
  fs.writeFileSync(
    file,
    Buffer.concat([bytes.subarray(0, at), Buffer.from('"n":"6"'), bytes.subarray(at + 7)]),
  );
  kinesis.answer = takesAll;
  await waitUntil('all but one are taken', () => kinesis.taken.size === 8, quick);
  t.notOk(kinesis.taken.has(`${node.boot} 5`));
  t.match(node.said, [/can not be read \(its checksum is wrong\)/]);
  await waitUntil('the file is kept', () => fs.existsSync(`${file}.damaged`), quick);
});
