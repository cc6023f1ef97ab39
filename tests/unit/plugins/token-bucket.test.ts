import fc from 'fast-check';
import t from 'tap';
import { createTokenBuckets } from '../../../plugins/token-bucket.ts';

t.test('a burst, then the rate; a token is back when it was said to be', async (t) => {
  const buckets = createTokenBuckets({ rate: 10, burst: 3, max: 10 });
  for (let n = 0; n < 3; n++) t.same(buckets.take('a', 0), { ok: true });
  const refused = buckets.take('a', 0);
  t.same(refused, { ok: false, retryAfter: 0.1 });
  t.same(buckets.take('a', 99), { ok: false, retryAfter: (1 - 0.99) / 10 });
  t.same(buckets.take('a', 101), { ok: true }, 'asking too early costs nothing');
  t.equal(buckets.take('a', 101).ok, false);
  t.same(buckets.take('a', 10_000), { ok: true });
  const full = [buckets.take('a', 10_000), buckets.take('a', 10_000), buckets.take('a', 10_000)];
  t.same(
    full.map(({ ok }) => ok),
    [true, true, false],
    'a long rest fills it to the burst and no further',
  );
});

t.test('rate 0 is no limit and keeps nothing', async (t) => {
  const buckets = createTokenBuckets({ rate: 0, burst: 1, max: 10 });
  for (let n = 0; n < 100; n++) t.same(buckets.take('a', 0), { ok: true });
  t.equal(buckets.size, 0);
});

t.test('memory is bounded: the bucket unused for longest is forgotten', async (t) => {
  const buckets = createTokenBuckets({ rate: 0.001, burst: 1, max: 3 });
  for (const key of ['a', 'b', 'c']) buckets.take(key, 0);
  t.equal(buckets.take('a', 1).ok, false, 'in use');
  for (let n = 0; n < 100; n++) {
    buckets.take(`x${n}`, 2);
    buckets.take('a', 2);
  }
  t.equal(buckets.size, 3);
  t.equal(buckets.take('a', 3).ok, false, 'a sender who goes on is not forgotten among many');
});

t.test('whatever comes when, no more pass than burst + rate × time', async () => {
  const limits = fc.record({ rate: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 20 }) });
  const gaps = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(limits, gaps, ({ rate, burst }, waits) => {
      const buckets = createTokenBuckets({ rate, burst, max: 1 });
      let now = 0;
      let passed = 0;
      for (const wait of waits) {
        now += wait;
        if (buckets.take('a', now).ok) passed++;
        if (passed > burst + (rate * now) / 1_000 + 1e-6) return false;
      }
      return true;
    }),
  );
});
