import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createBreaker } from '../../../stream/breaker.ts';
import type { Payload } from '../../../stream/put-records.ts';
import { createSendRecords } from '../../../stream/send-records.ts';

const failing = (times: number) => {
  const changes: boolean[] = [];
  const breaker = createBreaker((open) => changes.push(open));
  for (let i = 0; i < times; i++) breaker.failure();
  return { breaker, changes };
};

t.test('three failures in a row open it, a success between them begins anew', async (t) => {
  const { breaker, changes } = failing(2);
  breaker.success();
  breaker.failure();
  breaker.failure();
  t.equal(breaker.open, false);
  t.equal(breaker.waitMs(), 0);
  breaker.failure();
  t.equal(breaker.open, true);
  breaker.failure();
  breaker.success();
  t.same(changes, [true, false]);
});

t.test('while it is open one probe at a time, after a pause that grows up to 5 s', async (t) => {
  const { breaker } = failing(3);
  t.equal(breaker.beginProbe(), false, 'not at once');
  const first = breaker.waitMs();
  t.ok(first > 50 && first <= 200, `${first} ms`);
  for (let i = 0; i < 20; i++) breaker.failure();
  const last = breaker.waitMs();
  t.ok(last > 2_000 && last <= 5_000, `${last} ms`);
  t.equal(createBreaker().beginProbe(), false, 'none is needed while it is closed');
});

t.test('a time of day that is set back an hour does not keep it open', async (t) => {
  const { breaker } = failing(3);
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  Date.now = () => now() - 3_600_000;
  t.ok(breaker.waitMs() <= 200);
  await waitUntil('its probe', () => breaker.beginProbe(), { timeoutMs: 5_000 });
  t.pass('it asks again when it would have');
});

t.test('the probe is one: who asks meanwhile is told no, until it has ended', async (t) => {
  const { breaker } = failing(3);
  const isDue = () => waitUntil('a probe may be made', () => breaker.waitMs() === 0, { everyMs: 5 });
  await isDue();
  t.same([breaker.beginProbe(), breaker.beginProbe()], [true, false]);
  breaker.failure();
  await isDue();
  t.equal(breaker.beginProbe(), true);
});

t.test('a call that fails counts, so do many records refused; a few tell only of their shard', async (t) => {
  const records = (count: number) => Array.from({ length: count }, () => ({ events: 1 }) as never);
  const { breaker } = failing(0);
  const send = (put: (records: Payload[]) => boolean[]) =>
    createSendRecords('stream', async (_stream, records) => put(records), breaker);
  const refuses = send((records) => records.map(() => false));
  for (let i = 0; i < 5; i++) t.same(await refuses(records(2), 1), [false, false]);
  t.equal(breaker.open, false);
  for (let i = 0; i < 3; i++) await refuses(records(10), 1);
  t.equal(breaker.open, true);
  await send((records) => records.map((_, index) => index === 0))(records(2), 1);
  t.equal(breaker.open, false, 'one record taken is enough');
  const fails = send(() => {
    throw new Error('away');
  });
  for (let i = 0; i < 3; i++) t.same(await fails(records(1), 1), [false]);
  t.equal(breaker.open, true);
});
