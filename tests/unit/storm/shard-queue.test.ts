import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import { createShardQueue, type Unit } from '../../../storm/spout/shard-queue.ts';

const unit = (n: number): Unit => ({ id: `u${n}`, sequence: String(n), payload: '', events: 1, bytes: 1 });

function filled(count: number) {
  const queue = createShardQueue();
  for (let n = 0; n < count; n++) queue.push(unit(n));
  return queue;
}

t.test('the checkpoint moves over contiguous acks only', (t) => {
  const queue = filled(3);
  for (let n = 0; n < 3; n++) t.equal(queue.take(0)?.id, `u${n}`);
  queue.ack('u1');
  t.equal(queue.acked, null);
  queue.ack('u0');
  t.equal(queue.acked, '1');
  t.notOk(queue.drained);
  queue.ack('u2');
  t.equal(queue.acked, '2');
  t.ok(queue.drained);
  t.end();
});

t.test('failed units go out again in order, before what follows, after a pause', (t) => {
  const queue = filled(4);
  for (let n = 0; n < 3; n++) queue.take(0);
  queue.fail('u2', 1_000);
  queue.fail('u0', 1_001);
  t.equal(queue.take(1_100), undefined);
  t.equal(queue.take(1_200)?.id, 'u0');
  t.equal(queue.take(1_200)?.id, 'u2');
  t.equal(queue.take(1_200)?.id, 'u3');
  t.equal(queue.take(1_200), undefined);
  t.end();
});

t.test('the pause doubles up to a bound while failures go on, and an ack ends that', (t) => {
  const queue = filled(2);
  queue.take(0);
  let now = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 6; i++) {
    queue.fail('u0', now);
    const from = now;
    while (!queue.take(now)) now += 100;
    pauses.push(now - from);
  }
  t.same(pauses, [200, 400, 800, 1600, 3200, 3200]);
  queue.ack('u0');
  queue.take(now);
  queue.fail('u1', now);
  t.ok(queue.take(now + 200));
  t.end();
});

t.test('acks and failures of units that are not in flight change nothing', (t) => {
  const queue = filled(1);
  t.equal(queue.ack('u0'), undefined);
  queue.fail('u0', 0);
  t.equal(queue.acked, null);
  t.equal(queue.take(0)?.id, 'u0');
  t.end();
});

t.test('whatever comes: nothing is lost, nothing is acked past a hole', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('push', 'take', 'ack', 'fail'), fc.nat(20)), { maxLength: 4_000 }),
      (steps) => {
        const queue = createShardQueue();
        const flying: string[] = [];
        const done = new Set<number>();
        let pushed = 0;
        let now = 0;
        for (const [step, pick] of steps) {
          now += 50;
          if (step === 'push') queue.push(unit(pushed++));
          else if (step === 'take') {
            const taken = queue.take(now);
            if (taken) flying.push(taken.id);
          } else if (flying.length > 0) {
            const [id] = flying.splice(pick % flying.length, 1) as [string];
            queue[step](id, now);
            if (step === 'ack') done.add(Number(id.slice(1)));
          }
          let contiguous = -1;
          while (done.has(contiguous + 1)) contiguous++;
          if (queue.acked !== (contiguous < 0 ? null : String(contiguous))) return false;
        }
        for (const id of flying) queue.ack(id);
        for (now += 10_000; ; ) {
          const taken = queue.take(now);
          if (!taken) break;
          queue.ack(taken.id);
        }
        return queue.drained && queue.acked === (pushed === 0 ? null : String(pushed - 1));
      },
    ),
    { numRuns: 30, endOnFailure: true },
  );
  t.pass('holds');
});

t.test('a unit that was acked is let go of at once', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = createShardQueue();
  const pushed = (n: number) => {
    const made = unit(n);
    queue.push(made);
    return new WeakRef(made);
  };
  const refs = [pushed(0), pushed(1)];
  queue.take(0);
  queue.take(0);
  queue.ack('u0');
  // a WeakRef keeps its target until the present job is over
  await new Promise(setImmediate);
  collect();
  t.equal(refs[0]?.deref(), undefined);
  t.ok(refs[1]?.deref(), 'one in flight is kept');
  t.equal(queue.acked, '0');
});
