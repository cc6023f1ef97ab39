import t from 'tap';
import { createInFlightLimit } from '../../../plugins/lambda-invoke/in-flight-limit.ts';

const full = (ms: number) => ({ size: 100, maxSize: 100, ms });
const times = (count: number, run: () => void) => {
  for (let n = 0; n < count; n++) run();
};

t.test('it grows by one a round while full batches come back as fast as ever, up to its bound', async (t) => {
  const limit = createInFlightLimit(2, 5);
  t.equal(limit.allowed, 2);
  times(3, () => limit.succeeded(full(20)));
  t.equal(limit.allowed, 3, 'one round of two, and a little');
  times(100, () => limit.succeeded(full(20)));
  t.equal(limit.allowed, 5);
});

t.test('batches that are not full say that no more are needed', async (t) => {
  const limit = createInFlightLimit(2, 5);
  times(100, () => limit.succeeded({ size: 89, maxSize: 100, ms: 20 }));
  t.equal(limit.allowed, 2);
});

t.test('it falls by half when Lambda throttles, and by a tenth when full batches get slow', async (t) => {
  const limit = createInFlightLimit(1, 16);
  times(500, () => limit.succeeded(full(100)));
  t.equal(limit.allowed, 16);
  limit.throttled();
  t.equal(limit.allowed, 8);
  limit.succeeded(full(300));
  t.equal(limit.allowed, 7);
  times(50, () => limit.throttled());
  t.equal(limit.allowed, 1, 'never below its bound');
});

t.test('what was fast once is not held against it for ever', async (t) => {
  const limit = createInFlightLimit(1, 8);
  limit.succeeded(full(100));
  times(300, () => limit.succeeded(full(600)));
  t.ok(limit.allowed > 1);
});

t.test('a few milliseconds more are not slow, however fast the best was', async (t) => {
  const limit = createInFlightLimit(1, 4);
  limit.succeeded(full(1));
  times(100, () => limit.succeeded(full(40)));
  t.equal(limit.allowed, 4);
});

t.test('new bounds hold at once', async (t) => {
  const limit = createInFlightLimit(1, 8);
  times(200, () => limit.succeeded(full(10)));
  limit.setBounds(1, 3);
  t.equal(limit.allowed, 3);
  limit.setBounds(6, 4);
  t.equal(limit.allowed, 6, 'a lower bound above the upper one wins');
});
