import t from 'tap';
import { FairQueue } from '../../../plugins/lambda-invoke/fair-queue.ts';

interface Item {
  client: string;
  bytes: number;
  since: number;
  name: string;
}
let time = 0;
const item = (name: string, bytes = 1): Item => ({
  client: name.replace(/\d+$/, ''),
  bytes,
  since: ++time,
  name,
});

function queueOf(...names: string[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const name of names) queue.push(item(name));
  return queue;
}
const take = (queue: FairQueue<Item>, items: number, bytes = 1e6) =>
  queue.take(items, bytes).map(({ name }) => name);

t.test('one of each client in turn, in order within a client', async (t) => {
  const queue = queueOf('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1');
  t.same(take(queue, 5), ['a1', 'b1', 'c1', 'a2', 'b2']);
  t.same(take(queue, 5), ['a3', 'a4']);
  t.same(take(queue, 5), []);
});

t.test('the turn goes on from batch to batch', async (t) => {
  const queue = queueOf('a1', 'a2', 'b1', 'b2', 'c1', 'c2');
  t.same(take(queue, 2), ['a1', 'b1']);
  t.same(take(queue, 2), ['c1', 'a2']);
  t.same(take(queue, 2), ['b2', 'c2']);
});

t.test('clients whose turn it is not are passed over and keep their place', async (t) => {
  const queue = queueOf('a1', 'b1', 'c1', 'b2', 'a2');
  const taken = queue.take(9, 1e6, (client) => client === 'b').map(({ name }) => name);
  t.same(taken, ['a1', 'c1', 'a2']);
  queue.push(item('a3'));
  t.same(take(queue, 2), ['b1', 'a3']);
  t.same(take(queue, 2), ['b2']);
});

t.test('a client in a surge delays itself: another one is in the very next batch', async (t) => {
  const queue = new FairQueue<Item>();
  for (let i = 0; i < 10_000; i++) queue.push(item(`surge${i}`));
  queue.push(item('small1'));
  t.ok(take(queue, 10).includes('small1'));
});

t.test('a batch has a bound of bytes, which its first item may pass', async (t) => {
  const queue = new FairQueue<Item>();
  for (const [name, bytes] of Object.entries({ a1: 40, b1: 60, c1: 1, d1: 500, e1: 1 }))
    queue.push(item(name, bytes));
  t.same(take(queue, 10, 100), ['a1', 'b1']);
  t.same(take(queue, 10, 100), ['c1']);
  t.same(take(queue, 10, 100), ['d1'], 'alone');
  t.same(take(queue, 10, 100), ['e1']);
});

t.test('size and bytes are what waits', async (t) => {
  const queue = new FairQueue<Item>();
  const [a, b] = [item('a1', 10), item('b1', 20)];
  queue.push(a);
  queue.push(b);
  t.same([queue.size, queue.bytes], [2, 30]);
  const taken = queue.take(1, 1e6);
  t.same([queue.size, queue.bytes], [1, 20]);
  queue.unshift(taken);
  t.same([queue.size, queue.bytes], [2, 30]);
  queue.remove(b);
  t.same([queue.size, queue.bytes], [1, 10]);
  queue.take(9, 1e6);
  t.same([queue.size, queue.bytes], [0, 0]);
});

t.test('what is put back goes before what waits of that client, in its old order', async (t) => {
  const queue = queueOf('a1', 'a2', 'a3', 'b1', 'b2');
  const taken = queue.take(4, 1e6);
  queue.push(item('a4'));
  queue.unshift(taken);
  const all = take(queue, 10);
  const of = (client: string) => all.filter((name) => name.startsWith(client));
  t.same(of('a'), ['a1', 'a2', 'a3', 'a4']);
  t.same(of('b'), ['b1', 'b2']);
});

t.test('batches that come back in another order than they left stand as they came', async (t) => {
  const queue = queueOf('a1', 'a2', 'a3', 'a4', 'a5', 'a6');
  const [first, second] = [queue.take(2, 1e6), queue.take(2, 1e6)];
  queue.unshift(first);
  queue.unshift(second);
  t.same(take(queue, 10), ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
});

t.test('an item is removed once, wherever it stands', async (t) => {
  const queue = queueOf('a1');
  const [middle, alone, stranger] = [item('a2'), item('b1'), item('c1')];
  queue.push(middle);
  queue.push(item('a3'));
  queue.push(alone);
  t.same([queue.remove(middle), queue.remove(alone)], [true, true]);
  t.same([queue.remove(middle), queue.remove(stranger)], [false, false]);
  t.same(take(queue, 10), ['a1', 'a3']);
});

t.test('who waits', async (t) => {
  const queue = queueOf('a1', 'a2');
  t.same([queue.waiting('a'), queue.waiting('b')], [2, 0]);
  t.same([queue.othersWait('a'), queue.othersWait('b')], [false, true]);
  queue.push(item('b1'));
  t.equal(queue.othersWait('a'), true);
});

t.test('the newest of the heaviest client', async (t) => {
  const queue = queueOf('a1', 'b1', 'b2');
  queue.push(item('a2', 10));
  const byItems = (items: number) => items;
  const byBytes = (_: number, bytes: number) => bytes;
  t.equal(queue.heaviest(byBytes)?.name, 'a2');
  t.equal(queue.heaviest(byItems)?.name, 'a2', 'the one whose turn is next, where two weigh the same');
  take(queue, 1);
  t.equal(queue.heaviest(byItems)?.name, 'b2');
  t.same([queue.waitingBytes('a'), queue.waitingBytes('b'), queue.waitingBytes('c')], [10, 2, 0]);
  take(queue, 3);
  t.equal(queue.heaviest(byItems), undefined);
});

t.test(
  'the backlog: of the client with most there, and of all the others, with the oldest of either',
  async (t) => {
    const empty = { items: 0, since: null };
    const queue = new FairQueue<Item>();
    t.same(queue.backlog(), { busiest: empty, others: empty });
    const [b1, a1, a2, c1] = ['b1', 'a1', 'a2', 'c1'].map((name) => item(name));
    for (const one of [b1, a1, a2, c1] as Item[]) queue.push(one);
    t.equal(queue.busiest(), 'a');
    t.same(queue.backlog(), {
      busiest: { items: 2, since: a1?.since },
      others: { items: 2, since: b1?.since },
    });
    queue.remove(b1 as Item);
    t.same(queue.backlog().others, { items: 1, since: c1?.since });
  },
);
