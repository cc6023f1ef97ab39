import t from 'tap';
import type { SettledMirror } from '../../../lambdas/ports/mirror-store.ts';
import { settleTogether } from '../../../lambdas/reconcile/settle-together.ts';

const settled = (addressValue: string): SettledMirror => ({
  row: {
    clientId: 'demo',
    addressValue,
    topic: 't',
    firebaseProject: 'p',
    version: 0,
    attempts: 0,
    action: 'join',
  },
  outcome: { result: 'joined' },
});

/** A queue whose statements end when they are told to. */
function statements() {
  const under: { addresses: string[]; end(error?: Error): void }[] = [];
  const settle = settleTogether({
    settle: (some) =>
      new Promise((resolve, reject) => {
        under.push({
          addresses: some.map(({ row }) => row.addressValue),
          end: (error) => (error ? reject(error) : resolve()),
        });
      }),
  });
  const nth = async (n: number) => {
    while (under.length <= n) await new Promise(setImmediate);
    return under[n] as (typeof under)[number];
  };
  return { settle, under, nth };
}

t.test('one statement at a time; the next one takes all that came meanwhile', async (t) => {
  const { settle, under, nth } = statements();
  const kept: string[] = [];
  const keep = (address: string) => settle([settled(address)]).then(() => kept.push(address));
  const first = keep('a');
  const one = await nth(0);
  const rest = ['b', 'c', 'd'].map(keep);
  await new Promise(setImmediate);
  t.equal(under.length, 1);
  one.end();
  await first;
  t.same(kept, ['a']);
  const two = await nth(1);
  t.same(two.addresses, ['b', 'c', 'd']);
  two.end();
  await Promise.all(rest);
  t.same(kept, ['a', 'b', 'c', 'd']);
});

t.test('a statement that fails is told to those whose rows it had, and to nobody else', async (t) => {
  const { settle, nth } = statements();
  const a = settle([settled('a')]);
  const one = await nth(0);
  const b = settle([settled('b')]);
  one.end(new Error('gone'));
  await t.rejects(a, { message: 'gone' });
  (await nth(1)).end();
  await b;
});
