import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createConsumerCache } from '../../../plugins/client-auth/consumer-cache.ts';
import type { Consumer, Kong } from '../../../plugins/pdk.ts';
import { consumerWith, newKey } from '../../support/keys.ts';

/** Kong's database of consumers, which may fail. */
function database(consumers: Consumer[]) {
  const reads: string[] = [];
  const state = { down: false };
  async function loadConsumer(name: string, byUsername: boolean) {
    reads.push(name);
    if (!byUsername) throw new Error('looked up by id');
    if (state.down) throw new Error('closed');
    return consumers.find(({ username }) => username === name);
  }
  return { kong: { client: { loadConsumer } } as unknown as Kong, reads, state };
}

t.test('tags are read into keys, origins and the disabled mark; other tags are nothing', async (t) => {
  const { tag } = newKey('pk');
  const tags = [
    tag,
    'key:pk:short:-',
    'origin:www.acme.example',
    'origin:*.acme.example:8443',
    'gold',
    'disabled',
  ];
  const consumer = consumerWith(tags);
  const known = await createConsumerCache(1000, 10).find(database([consumer]).kong, 'acme');
  t.match(known, { consumer, disabled: true, origins: ['www.acme.example', '*.acme.example:8443'] });
  t.equal(known?.keys.length, 1);
  const bare = await createConsumerCache(1000, 10).find(database([{ id: 'x', username: 'b' }]).kong, 'b');
  t.match(bare, { keys: [], origins: [], disabled: false }, 'a consumer without tags');
});

t.test('a hit is remembered, and a miss too', async (t) => {
  const { kong, reads } = database([consumerWith([])]);
  const cache = createConsumerCache(60_000, 10);
  for (let i = 0; i < 3; i++) {
    t.equal((await cache.find(kong, 'acme'))?.consumer.username, 'acme');
    t.equal(await cache.find(kong, 'nobody'), null);
  }
  t.same(reads, ['acme', 'nobody']);
});

t.test('after its time an entry is read again', async (t) => {
  const consumers = [consumerWith([])];
  const { kong, reads } = database(consumers);
  const cache = createConsumerCache(20, 10);
  t.ok(await cache.find(kong, 'acme'));
  consumers.length = 0;
  await waitUntil('the consumer is gone', async () => (await cache.find(kong, 'acme')) === null, {
    everyMs: 2,
  });
  t.equal(reads.length, 2, 'each answer was used while it held');
});

t.test('a time of 0 remembers nothing', async (t) => {
  const { kong, reads } = database([consumerWith([])]);
  const cache = createConsumerCache(0, 10);
  for (let i = 0; i < 3; i++) await cache.find(kong, 'acme');
  t.equal(reads.length, 3);
});

t.test('no more entries than allowed: wrong names push out the oldest', async (t) => {
  const { kong, reads } = database([consumerWith([])]);
  const cache = createConsumerCache(60_000, 3);
  for (const name of ['acme', 'a', 'b', 'acme', 'c', 'd']) await cache.find(kong, name);
  t.same(reads, ['acme', 'a', 'b', 'c', 'd']);
  await cache.find(kong, 'acme');
  t.equal(reads.length, 5, 'the one in use stayed');
  await cache.find(kong, 'a');
  t.equal(reads.at(-1), 'a', 'the oldest did not');
});

t.test('a failure of the database is not remembered', async (t) => {
  const { kong, state } = database([consumerWith([])]);
  const cache = createConsumerCache(60_000, 10);
  state.down = true;
  await t.rejects(cache.find(kong, 'acme'), { message: 'closed' });
  state.down = false;
  t.equal((await cache.find(kong, 'acme'))?.consumer.username, 'acme');
});

t.test('a consumer without an id, as an empty message decodes, is nobody', async (t) => {
  const { kong } = database([{ id: '', username: 'acme' }]);
  t.equal(await createConsumerCache(1000, 10).find(kong, 'acme'), null);
});

t.test(
  'requests that come while a name is read share the read; when it breaks each reads for itself',
  async (t) => {
    const { kong, reads, state } = database([consumerWith([])]);
    const cache = createConsumerCache(60_000, 10);
    const all = await Promise.all(Array.from({ length: 5 }, () => cache.find(kong, 'acme')));
    t.same(reads, ['acme']);
    t.ok(all.every((known) => known?.consumer.username === 'acme'));

    state.down = true;
    const [first, ...others] = Array.from({ length: 3 }, () => cache.find(kong, 'other'));
    state.down = false;
    await t.rejects(first as Promise<unknown>);
    t.same(await Promise.all(others), [null, null]);
    t.same(reads, ['acme', 'other', 'other', 'other']);
  },
);

t.test('what is outdated is known as it was, until it is read again', async (t) => {
  const { kong } = database([consumerWith(['gold'])]);
  const cache = createConsumerCache(500, 10);
  t.equal(cache.outdated('acme'), undefined, 'not known at all');
  const known = await cache.find(kong, 'acme');
  await cache.find(kong, 'nobody');
  await waitUntil('its time is over', () => cache.outdated('acme') === known, { everyMs: 2 });
  t.equal(cache.outdated('nobody'), undefined, 'a miss is worth nothing');
  t.equal(await cache.find(kong, 'acme'), known, 'the same as long as nothing changed');
  t.equal(cache.outdated('acme'), undefined, 'and for its time not asked for again');
});
