import t from 'tap';
import { createTurns } from '../../../plugins/lambda-invoke/turns.ts';

/** How many of `count` invocations, one each `everyMs` from `from` on, the client may begin. */
function begun(
  turns: ReturnType<typeof createTurns>,
  client: string,
  from: number,
  count: number,
  everyMs = 1,
) {
  let taken = 0;
  for (let i = 0; i < count; i++) {
    turns.heard(client, from + i * everyMs);
    if (turns.take(client, from + i * everyMs) === 0) taken++;
  }
  return taken;
}

t.test('a client alone begins as many as it likes', async (t) => {
  t.equal(begun(createTurns(), 'a', 0, 10_000), 10_000);
});

t.test('beside another one it has a burst, and then 100 a second', async (t) => {
  const turns = createTurns();
  turns.heard('b', 0);
  t.equal(begun(turns, 'a', 0, 1_000), 8 + 99);
});

t.test('the one that sends little is never held', async (t) => {
  const turns = createTurns();
  for (let second = 0; second < 10; second++) {
    begun(turns, 'a', second * 1_000, 1_000);
    t.equal(begun(turns, 'b', second * 1_000 + 500, 15, 30), 15);
  }
});

t.test('once the other has been silent for a second, nothing is counted any more', async (t) => {
  const turns = createTurns();
  turns.heard('b', 0);
  begun(turns, 'a', 0, 1_000);
  t.ok(begun(turns, 'a', 1_000, 1) <= 1);
  t.equal(begun(turns, 'a', 1_001, 500), 500);
});

t.test('whichever client was heard last, the others count as sending', async (t) => {
  const turns = createTurns();
  for (const client of ['a', 'b', 'c', 'c', 'c']) turns.heard(client, 0);
  const held = (client: string) => Array.from({ length: 9 }, () => turns.take(client, 0)).at(-1);
  t.same(['a', 'b', 'c'].map(held), [10, 10, 10], 'ms until the next');
});
