import t from 'tap';
import { IDEMPOTENCY_MS } from '../../../contracts/cloud-event.ts';
import { newEvent } from '../../../sdk/web/src/events.ts';
import { createMemoryStore } from '../../../sdk/web/src/memory-store.ts';
import { createQueue, MAX_AGE_MS } from '../../../sdk/web/src/queue.ts';
import type { Entry, State } from '../../../sdk/web/src/store.ts';

function queueing() {
  const store = createMemoryStore();
  const queue = createQueue(store);
  const state = () => store.update((now): { result: State } => ({ result: { ...now } }));
  return { store, queue, state };
}
const event = (size = 10, at = Date.now()): Entry => ({
  kind: 'event',
  at,
  size,
  body: { id: `${Math.random()}` },
});

t.test('what is older than the server remembers is dropped and counted, its caller told', async (t) => {
  t.ok(MAX_AGE_MS < IDEMPOTENCY_MS);
  const { queue, state } = queueing();
  await queue.add(() => event(10, Date.now() - MAX_AGE_MS - 1));
  await queue.add(() => ({ ...event(), kind: 'call', at: 0 }));
  await queue.add(() => event());
  const expired: Entry[] = [];
  t.equal((await queue.head(10, (entry) => expired.push(entry))).length, 1);
  t.same(
    expired.map(({ kind }) => kind),
    ['event', 'call'],
  );
  t.match(await state(), { dropped: { expired: 2 } });
});

t.test('a full queue drops events, and refuses calls', async (t) => {
  const { queue, state } = queueing();
  await queue.add(() => event(999_990));
  await queue.add(() => event(11));
  t.match(await state(), { dropped: { full: 1 } });
  await t.rejects(
    queue.add(() => ({ ...event(11), kind: 'call' })),
    { code: 'queue_full' },
  );
  const [first] = await queue.head(1, () => {});
  await queue.remove([first as Entry]);
  await queue.head(1, () => {});
  await queue.add(() => event(11));
  t.equal((await queue.head(10, () => {})).length, 1, 'there is room again');
});

t.test('events are numbered within a visit, which ends after half an hour', async (t) => {
  const state: State = {};
  const first = newEvent(state, 'a', {}, undefined);
  const second = newEvent(state, 'a', {}, 'u');
  t.same([first.body.seq, second.body.seq], [1, 2]);
  t.equal(first.body.session, second.body.session);
  t.equal(second.body.userId, 'u');
  for (const away of [31 * 60_000, -31 * 60_000]) {
    (state.session as { at: number }).at -= away;
    const next = newEvent(state, 'a', {}, undefined);
    t.equal(next.body.seq, 1, `${away} ms`);
    t.not(next.body.session, second.body.session);
  }
  t.match(newEvent({ offset: 3_600_000 }, 'a', {}, undefined).body, { offset: 3_600_000 });
});
