import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeFrame } from '../../../stream/spool/frames.ts';
import { readSpool } from '../../../stream/spool/read-spool.ts';
import { readTallies } from '../../../stream/spool/read-tallies.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const frameOf = (n: number) =>
  encodeFrame({
    stream: 's',
    // what ends the head must not be found inside it
    partitionKey: 'acme:",\\"data":é',
    data: Buffer.from(JSON.stringify([{ id: `e${n}`, n: String(n), data: { text: 'é\u0000"' } }])),
  });
const write = (dir: string, boot: string, segment: string, ...frames: Buffer[]) => {
  mkdirSync(join(dir, boot), { recursive: true });
  writeFileSync(join(dir, boot, segment), Buffer.concat(frames));
};
const read = async (dir: string) => (await collect(readSpool(dir))).map(({ events }) => events[0]?.n);

t.test('every intact record of every segment, boot by boot and in order', async (t) => {
  const dir = t.testdir();
  write(dir, 'boot-1', '00000002.segment', frameOf(3));
  write(dir, 'boot-1', '00000001.segment', frameOf(1), frameOf(2));
  write(dir, 'boot-2', '00000001.segment', frameOf(7));
  write(dir, '.boot-3', '00000001.segment', frameOf(8));
  writeFileSync(join(dir, 'boot-1', 'owner-1-1'), '');
  t.same(await read(dir), ['1', '2', '3', '7']);
  const [first] = await collect(readSpool(dir));
  t.match(first, { boot: 'boot-1', segment: '00000001.segment', stream: 's' });
  t.equal(first?.partitionKey, 'acme:",\\"data":é');
  t.match(first?.events, [{ id: 'e1', data: { text: 'é\u0000"' } }]);
});

t.test('a tail torn at any byte costs no record before it', async (t) => {
  const whole = [frameOf(1), frameOf(2)];
  const last = frameOf(3);
  const dir = t.testdir();
  for (let cut = 0; cut < last.length; cut++) {
    write(dir, 'boot-1', '00000001.segment', ...whole, last.subarray(0, cut));
    const found = await read(dir);
    if (found.join() !== '1,2') return t.same(found, ['1', '2'], `cut after ${cut} bytes`);
  }
  write(dir, 'boot-1', '00000001.segment', ...whole, last);
  t.same(await read(dir), ['1', '2', '3']);
});

t.test('a byte that changed in the last record, or a tail of zeros, is found', async (t) => {
  const last = frameOf(2);
  const dir = t.testdir();
  for (let at = 0; at < last.length; at++) {
    const changed = Buffer.from(last);
    changed[at] = (changed[at] as number) ^ 1;
    write(dir, 'boot-1', '00000001.segment', frameOf(1), changed);
    const found = await read(dir);
    if (found.join() !== '1') return t.same(found, ['1'], `byte ${at} changed`);
  }
  write(dir, 'boot-1', '00000001.segment', frameOf(1), Buffer.alloc(4096));
  t.same(await read(dir), ['1']);
});

t.test('no folder, no record; one that goes away meanwhile is no error', async (t) => {
  const dir = t.testdir();
  t.same(await read(join(dir, 'missing')), []);
  t.same(await collect(readTallies(join(dir, 'missing'))), []);
  for (const boot of ['a', 'b', 'c']) write(dir, boot, '00000001.segment', frameOf(1));
  const found: string[] = [];
  for await (const { boot } of readSpool(dir)) {
    found.push(boot);
    rmSync(join(dir, 'b'), { recursive: true, force: true });
  }
  t.same(found, ['a', 'c']);
});

t.test('tallies: each segment once, without a torn last line', async (t) => {
  const tally = (boot: string, segment: string) => ({
    ...{ producer: 'node-1', boot, segment, from: 1, to: 9 },
    counts: [{ client: 'acme', minute: '2026-11-24T13:05Z', events: 9 }],
  });
  const [first, second] = [tally('boot-1', '1'), tally('boot-1', '2')];
  const lines = [first, first, second].map((line) => `${JSON.stringify(line)}\n`).join('');
  const dir = t.testdir({
    tallies: {
      'boot-1.2026-11-23.ndjson': `${lines}${JSON.stringify(tally('boot-1', '3')).slice(0, -9)}`,
      'boot-1.2026-11-24.ndjson': `${JSON.stringify(second)}\n`,
      'boot-2.2026-11-24.ndjson': `${JSON.stringify(tally('boot-2', '1'))}\n`,
      'notes.txt': `${JSON.stringify(tally('boot-9', '1'))}\n`,
    },
  });
  t.same(await collect(readTallies(dir)), [first, second, tally('boot-2', '1')]);
});
