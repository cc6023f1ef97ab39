import t from 'tap';
import { createDrainRate } from '../../../plugins/lambda-invoke/drain-rate.ts';

/** `perSecond` answers a second for 30 s, by a clock of its own. */
function draining(perSecond: number) {
  let now = 1_000_000;
  const rate = createDrainRate(() => now);
  for (let i = 0; i < 300; i++) {
    now += 100;
    rate.answered(perSecond / 10);
  }
  return { rate, pass: (ms: number) => (now += ms) };
}

t.test('what waits divided by what is answered', async (t) => {
  const { rate } = draining(1000);
  for (const [waiting, seconds] of [
    [10_000, 10],
    [5_000, 5],
    [100, 1],
    [0, 1],
  ] as const)
    t.ok(Math.abs(rate.secondsFor(waiting) - seconds) <= 1, `${waiting} wait: about ${seconds} s`);
});

t.test('never more than a minute, never less than a second', async (t) => {
  const { rate } = draining(20);
  t.equal(rate.secondsFor(1_000_000), 60);
  t.equal(rate.secondsFor(1), 1);
});

t.test('nothing answered yet: five seconds where some wait, else one', async (t) => {
  const rate = createDrainRate(() => 0);
  t.same([rate.secondsFor(1), rate.secondsFor(10_000), rate.secondsFor(0)], [5, 5, 1]);
});

t.test('a function that stands still is believed less and less', async (t) => {
  const { rate, pass } = draining(1000);
  const before = rate.secondsFor(10_000);
  pass(5_000);
  const after = rate.secondsFor(10_000);
  t.ok(after > 2 * before, `${before} s, then ${after} s`);
  pass(600_000);
  t.equal(rate.secondsFor(10_000), 5, 'after ten minutes nothing is known');
});

t.test('a clock that was set back changes nothing', async (t) => {
  const rate = createDrainRate();
  for (let i = 0; i < 100; i++) rate.answered(100);
  const before = rate.secondsFor(10_000);
  t.intercept(Date, 'now', { value: () => 0 });
  rate.answered(1);
  const after = rate.secondsFor(10_000);
  t.ok(after > 1 && after <= 60 && Math.abs(after - before) < 5, `${before} s, then ${after} s`);
});
