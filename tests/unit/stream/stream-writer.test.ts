import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import type { Payload } from '../../../stream/put-records.ts';
import { withoutSpool } from '../../../stream/spool/no-spool.ts';
import { createStreamWriter } from '../../../stream/stream-writer.ts';

interface Call {
  keys: string[];
  bytes: number;
  timeoutMs: number;
  /** `refused`: the keys of the records that Kinesis does not take */
  end(refused?: string[]): Promise<void>;
  fail(): Promise<void>;
}

/** A stream writer whose calls end when the test says so, or as `decide` does: with the keys that are refused. */
function writing(decide?: (keys: string[], call: number) => string[] | 'fail') {
  const calls: Call[] = [];
  let open = 0;
  let most = 0;
  const putRecords = (_stream: string, records: Payload[], timeoutMs: number) =>
    new Promise<boolean[]>((resolve, reject) => {
      most = Math.max(most, ++open);
      const keys = records.map(({ partitionKey }) => partitionKey);
      const settled = async (act: () => void) => {
        open--;
        act();
        for (let i = 0; i < 5; i++) await turn();
      };
      const bytes = records.reduce(
        (sum, { data, partitionKey }) => sum + data.length + partitionKey.length,
        0,
      );
      const end = (refused: string[] = []) =>
        settled(() => resolve(keys.map((key) => !refused.includes(key))));
      const fail = () => settled(() => reject(new Error('away')));
      calls.push({ keys, bytes, timeoutMs, end, fail });
      const decided = decide?.(keys, calls.length);
      if (decided) void (decided === 'fail' ? fail() : end(decided));
    });
  const { put, refusal } = createStreamWriter({ stream: 'stream', putRecords, spool: withoutSpool() });
  const common = { events: 1, client: 'acme', receivedAt: 0, from: 1 };
  const write = (keys: string[], deadlineMs = 60_000, bytes = 10) =>
    put(
      keys.map((partitionKey) => ({ ...common, partitionKey, data: Buffer.alloc(bytes) })),
      { deadlineMs, spoolAfterMs: 1_000 },
    );
  return { write, refusal, calls, most: () => most };
}
const sent = (calls: Call[]) => calls.map(({ keys }) => keys.join());

t.test('a lone record leaves at once, and is told once it is acknowledged', async (t) => {
  const { write, calls } = writing();
  let told: boolean | undefined;
  const put = write(['a'], 1000).then((durable) => {
    told = durable;
  });
  t.same(sent(calls), ['a'], 'in the same tick');
  await turn();
  t.equal(told, undefined);
  await calls[0]?.end();
  await put;
  t.equal(told, true);
});

t.test('two calls under way; what arrives meanwhile shares the next one', async (t) => {
  const { write, calls, most } = writing();
  const puts = ['a', 'b', 'c', 'd', 'e'].map((key) => write([key]));
  t.same(sent(calls), ['a', 'b']);
  await calls[0]?.end();
  t.same(sent(calls), ['a', 'b', 'c,d,e']);
  await calls[2]?.end();
  await calls[1]?.end();
  t.same(await Promise.all(puts), Array(5).fill(true));
  t.equal(most(), 2);
});

t.test('only what was refused goes again', async (t) => {
  const refusals = ['b', 'd', 'b'];
  const { write, calls } = writing((keys) =>
    keys.filter((key) => {
      const index = refusals.indexOf(key);
      if (index >= 0) refusals.splice(index, 1);
      return index >= 0;
    }),
  );
  t.equal(await write(['a', 'b', 'c', 'd']), true);
  t.equal(calls[0]?.keys.join(), 'a,b,c,d');
  const again = calls.slice(1).flatMap(({ keys }) => keys);
  t.same(again.toSorted(), ['b', 'b', 'd']);
});

t.test('a put is true only when all of its records are acknowledged', async (t) => {
  const { write } = writing((keys) => keys.filter((key) => key === 'bad'));
  const [mixed, good] = await Promise.all([write(['a', 'bad'], 150), write(['b', 'c'])]);
  t.same([mixed, good], [false, true]);
});

t.test('a call that fails as a whole is made again', async (t) => {
  const { write, calls } = writing((_keys, call) => (call < 3 ? 'fail' : []));
  t.equal(await write(['a']), true);
  t.same(sent(calls), ['a', 'a', 'a']);
});

t.test('past its deadline a put is false; its records go on, so that n has no gap', async (t) => {
  let away = true;
  const { write, calls } = writing(() => (away ? 'fail' : []));
  t.same(await Promise.all([write(['a'], 60), write(['b'], 60)]), [false, false]);
  away = false;
  const before = calls.length;
  const taken = () => calls.slice(before).flatMap(({ keys }) => keys);
  await waitUntil('both are taken', () => taken().length === 2, { everyMs: 2 });
  t.same(taken().toSorted(), ['a', 'b'], 'once each');
});

t.test('what waited past its deadline is sent in its turn', async (t) => {
  const { write, calls } = writing();
  const busy = [write(['a']), write(['b'])];
  t.equal(await write(['late'], 15), false);
  const next = write(['c']);
  await calls[0]?.end();
  await calls[1]?.end();
  await calls[2]?.end();
  t.same(await Promise.all([...busy, next]), [true, true, true]);
  t.same(sent(calls), ['a', 'b', 'late,c']);
});

t.test('a stream that is away is asked by one call at a time', async (t) => {
  const { write, calls, most } = writing(() => 'fail');
  const puts = Array.from({ length: 50 }, (_, i) => write([`${i}`], 700));
  t.same(new Set(await Promise.all(puts)), new Set([false]));
  t.ok(calls.length < 12, `${calls.length} calls in 0.7 s`);
  t.ok(most() <= 2);
});

t.test('what can not be kept is not taken: memory has a bound while nothing is on a disk', async (t) => {
  let away = true;
  const { write, refusal } = writing(() => (away ? 'fail' : []));
  const many = Array.from({ length: 129 }, (_, i) => `${i}`);
  t.equal(refusal(), undefined);
  const puts = write(many, 60_000, 256 * 1024);
  await waitUntil('it says when to come again', () => refusal() !== undefined, { everyMs: 5 });
  away = false;
  t.equal(await puts, true);
  t.equal(refusal(), undefined);
});

t.test('a put that shares a call with a patient one still hears by its own deadline', async (t) => {
  const { write, calls } = writing();
  const busy = [write(['a']), write(['b'])];
  const [hurried, patient] = [write(['c'], 200), write(['d'])];
  await calls[0]?.end();
  t.same(sent(calls).at(-1), 'c,d');
  t.equal(await hurried, false);
  await calls[1]?.end();
  await calls[2]?.end();
  t.same(await Promise.all([...busy, patient]), [true, true, true]);
});

t.test('a call may take five seconds, less where nobody waits that long, two at least', async (t) => {
  const { write, calls } = writing();
  const puts = [write(['a']), write(['b'], 3_000), write(['c'], 700)];
  t.equal(calls[0]?.timeoutMs, 5_000);
  const { timeoutMs = 0 } = calls[1] ?? {};
  t.ok(timeoutMs > 2_000 && timeoutMs <= 3_000, `${timeoutMs} ms`);
  await calls[0]?.end();
  await calls[1]?.end();
  await waitUntil('the third', () => calls[2]);
  t.equal(calls[2]?.timeoutMs, 2_000, 'one that is given up while Kinesis takes it would only be made again');
  await calls[2]?.end();
  await Promise.all(puts);
});

t.test('no call above what PutRecords takes: 500 records, 5 MiB', async (t) => {
  const many = writing(() => []);
  const keys = Array.from({ length: 1201 }, (_, i) => `${i}`);
  t.equal(await many.write(keys), true);
  t.same(
    many.calls.map(({ keys }) => keys.length),
    [500, 500, 201],
  );
  t.same(
    many.calls.flatMap(({ keys }) => keys),
    keys,
    'in order, each once',
  );
  const large = writing(() => []);
  t.equal(await large.write(keys.slice(0, 50), 60_000, 256 * 1024), true);
  t.ok(large.calls.every(({ bytes }) => bytes < 5 * 1024 * 1024));
  t.equal(large.calls.flatMap(({ keys }) => keys).length, 50);
  t.ok(large.calls.length <= 4, `${large.calls.length} calls: they are filled`);
});

t.test('nothing to write is durable at once', async (t) => {
  const { write, calls } = writing();
  t.equal(await write([]), true);
  t.equal(calls.length, 0);
});

t.test('a stream that comes back drains what waited', async (t) => {
  let away = true;
  const { write, calls } = writing(() => (away ? 'fail' : []));
  const puts = Array.from({ length: 20 }, (_, i) => write([`${i}`]));
  await waitUntil('a few calls failed', () => calls.length > 5, { everyMs: 2 });
  away = false;
  t.same(await Promise.all(puts), Array(20).fill(true));
});
