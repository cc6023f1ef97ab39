import fc from 'fast-check';
import t from 'tap';
import { type Key, pairKeys } from '../../../infra/operate/audit/facts.ts';
import { createUnderWay, readNodeBooks, type SpooledRecord } from '../../../infra/operate/audit/ledger.ts';
import { nameMissing } from '../../../infra/operate/audit/missing.ts';
import { gapsIn, holds, mergeRanges, sizeOf } from '../../../infra/operate/audit/numbering.ts';
import { putEvents } from '../../../infra/operate/audit/stream.ts';
import { windowOf } from '../../../infra/operate/audit/window.ts';
import type { Tally } from '../../../stream/spool/read-tallies.ts';
import { BOOT, stamped } from '../../support/events.ts';

t.test('ranges: merged, held and their gaps, as sets have it', async (t) => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(numbers, (all) => {
      const merged = mergeRanges(all.map((n) => ({ from: n, to: n })));
      const gaps = gapsIn({ from: 5, to: 35 }, merged);
      const wanted = Array.from({ length: 31 }, (_, index) => index + 5);
      return (
        sizeOf(merged) === all.length &&
        wanted.every((n) => holds(merged, n) === all.includes(n) && holds(gaps, n) === !all.includes(n)) &&
        merged.every(({ from }, index) => index === 0 || from > (merged[index - 1]?.to ?? 0) + 1)
      );
    }),
  );
  t.same(mergeRanges([]), []);
  t.same(gapsIn({ from: 2, to: 1 }, []), [], 'nothing is asked');
});

async function* each<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

t.test('two sorted sequences are paired by client and id', async () => {
  const key = fc.record({
    client_id: fc.constantFrom('a', 'a-b', 'b'),
    id: fc.constantFrom('1', '2', '3', '4'),
  });
  const sorted = fc
    .uniqueArray(key, { selector: ({ client_id, id }) => `${client_id} ${id}` })
    .map((keys) => keys.sort((x, y) => compare(x.client_id, y.client_id) || compare(x.id, y.id)));
  await fc.assert(
    fc.asyncProperty(sorted, sorted, async (left, right) => {
      const pairs: { left?: Key; right?: Key }[] = [];
      for await (const pair of pairKeys(each(left), each(right))) pairs.push(pair);
      const name = (item?: Key) => item && `${item.client_id} ${item.id}`;
      const lefts = pairs.flatMap((pair) => name(pair.left) ?? []);
      const rights = pairs.flatMap((pair) => name(pair.right) ?? []);
      const both = pairs.filter((pair) => pair.left && pair.right);
      return (
        lefts.join() === left.map(name).join() &&
        rights.join() === right.map(name).join() &&
        both.every((pair) => name(pair.left) === name(pair.right)) &&
        both.length === left.filter((item) => right.some((other) => name(item) === name(other))).length
      );
    }),
  );
});

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const tally = (segment: string, from: number, to: number, minute = '2026-11-24T13:05Z'): Tally => ({
  producer: 'gateway-1',
  boot: BOOT,
  segment,
  from,
  to,
  counts: [{ client: 'demo', minute, events: to - from + 1 }],
});
const record = (segment: string, n: number): SpooledRecord => ({
  boot: BOOT,
  segment,
  events: [stamped({ n: String(n), receivedtime: '2026-11-24T13:05:10.000Z' })],
});
const KEY = `gateway-1 ${BOOT}`;
const sum = (counts: Map<unknown, number>) => [...counts.values()].reduce((total, n) => total + n, 0);

t.test('a segment that is retired while the books are read is counted once', async (t) => {
  const before = [tally('1', 1, 10)];
  const after = [...before, tally('2', 11, 20), tally('3', 21, 22)];
  let reads = 0;
  const spool = {
    segments: () => each([record('3', 21), record('3', 22)]), // 2 was listed, and gone when it was opened
    tallies: () => each(reads++ === 0 ? before : after),
  };
  const books = await readNodeBooks(['a'], spool, createUnderWay());
  t.same(books.covered.get(KEY), [{ from: 1, to: 22 }]);
  t.equal(sum(books.received), 22);
  t.equal(books.horizon.get(KEY), 22);
});

t.test('what came while the books were read is not judged by them', async (t) => {
  let reads = 0;
  const spool = {
    segments: () => each([record('2', 11), record('2', 12)]),
    // 3 was opened, filled and retired behind the reading of 2, which holds more meanwhile
    tallies: () => each(reads++ === 0 ? [tally('1', 1, 10)] : [tally('1', 1, 10), tally('3', 16, 20)]),
  };
  const books = await readNodeBooks(['a'], spool, createUnderWay());
  t.same(books.covered.get(KEY), [{ from: 1, to: 12 }]);
  t.equal(books.horizon.get(KEY), 12);
});

t.test('a tally with holes counts when the others show what is in it', async (t) => {
  const partial = { ...tally('unspooled-1', 11, 20), counts: tally('', 1, 4).counts };
  const read = (...tallies: Tally[]) =>
    readNodeBooks(['a'], { segments: () => each([]), tallies: () => each(tallies) }, createUnderWay());
  const known = await read(tally('1', 1, 12), partial, tally('2', 15, 18), tally('3', 21, 25));
  t.same(known.covered.get(KEY), [{ from: 1, to: 25 }]);
  t.equal(sum(known.received), 25);
  const unknown = await read(tally('1', 1, 12), partial, tally('3', 21, 25));
  t.same(unknown.covered.get(KEY), [
    { from: 1, to: 12 },
    { from: 21, to: 25 },
  ]);
  t.equal(sum(unknown.received), 17);
  t.equal(unknown.horizon.get(KEY), 25);
});

t.test('a spool that was copied is not counted twice', async (t) => {
  const underWay = createUnderWay();
  let reads = 0;
  const spool = {
    segments: () => each([record(`${reads++}`, 11)]),
    tallies: () => each([tally('1', 1, 10)]),
  };
  const books = await readNodeBooks(['a', 'b'], spool, underWay);
  t.equal(sum(books.received), 11);
});

t.test('what is missing is named with the client and minute that its segment lacks', async (t) => {
  const other = { client: 'other', minute: '2026-11-24T13:06Z', events: 2 };
  const tallies = [{ ...tally('1', 1, 10), counts: [...tally('1', 1, 8).counts, other] }, tally('2', 11, 20)];
  const present = new Map([
    [tallies[0] as Tally, new Map([['2026-11-24T13:05Z demo', 8]])],
    [tallies[1] as Tally, new Map()],
  ]);
  const receipts = new Map([[`${KEY} 8`, new Date('2026-11-24T13:05:59Z')]]);
  const gaps = [{ key: KEY, from: 9, to: 22, covered: true, previous: 8, next: 23 }];
  const missing = nameMissing(gaps, tallies, present as never, receipts);
  t.match(missing, [
    { producer: 'gateway-1', boot: BOOT, from: 9, to: 10, of: [other] },
    { from: 11, to: 20, of: [{ client: 'demo', events: 10 }] },
    { from: 21, to: 22, of: [], after: new Date('2026-11-24T13:05:59Z'), before: null },
  ]);
});

t.test('a window is of whole minutes, and a day without --from', async (t) => {
  const now = new Date('2026-11-24T13:05:20Z');
  t.same(windowOf(undefined, undefined, now), {
    from: new Date('2026-11-23T13:06:00Z'),
    to: new Date('2026-11-24T13:06:00Z'),
  });
  t.same(windowOf(new Date('2026-11-24T12:00:59Z'), new Date('2026-11-24T12:02:00Z'), now), {
    from: new Date('2026-11-24T12:00:00Z'),
    to: new Date('2026-11-24T12:02:00Z'),
  });
});

t.test('events without a triple are told apart', async (t) => {
  const underWay = createUnderWay();
  for (const strange of [undefined, null, 7, {}, { producer: 'p', boot: 'x', n: '1' }])
    t.notOk(underWay.add(strange));
  t.ok(underWay.add(stamped({ n: '3', receivedtime: 'yesterday' })));
  t.equal(underWay.incarnations.get(KEY)?.get(3), null, 'its minute is not known');
});

t.test('a record goes on only behind the one before, and one that is refused goes again', async (t) => {
  const pad = 'x'.repeat(200_000);
  const events = [1, 2, 3].map((n) => ({
    partitionKey: `key-${n}`,
    event: stamped({ n: String(n), data: { pad } }),
  }));
  const put: string[][] = [];
  let refusals = 1;
  await putEvents('stream', events, async (_, records) => {
    const data = JSON.parse(records[0]?.data.toString() ?? '') as { n: string }[];
    if (put.length === 1 && refusals-- > 0) return [false];
    put.push([records[0]?.partitionKey ?? '', ...data.map(({ n }) => n)]);
    return [true];
  });
  t.same(put, [
    ['key-1', '1'],
    ['key-2', '2'],
    ['key-3', '3'],
  ]);
});
