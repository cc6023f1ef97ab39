import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { Plugin } from '../../../plugins/client-auth/index.ts';
import type { ClientAuthConfig } from '../../../plugins/client-auth/schema.ts';
import { consumerWith, newKey } from '../../support/keys.ts';
import { fakePdk, type Request } from './fake-pdk.ts';

const pk = newKey('pk');
const sk = newKey('sk');
const consumer = consumerWith([pk.tag, sk.tag, 'origin:www.acme.example']);
const config: ClientAuthConfig = {
  kind: 'pk',
  key_in_body: false,
  cache_ttl_ms: 1000,
  cache_size: 10,
  rate: 0,
  burst: 1,
  max_senders: 10,
};

async function access(request: Request, change: Partial<ClientAuthConfig> = {}) {
  const pdk = fakePdk({ consumers: [consumer], ...request });
  await new Plugin({ ...config, ...change }).access(pdk.kong);
  return pdk;
}
const withKey = (key: string) => ({ headers: { 'x-api-key': key } });
const beacon = (key: unknown, type = 'text/plain;charset=UTF-8'): Request => ({
  headers: { 'content-type': type },
  body: Buffer.from(JSON.stringify({ key, events: [] })),
});

t.test("a good key makes the client Kong's consumer and tells the next plugins", async (t) => {
  const { exit, authenticated, shared, calls } = await access(withKey(pk.key));
  t.equal(exit, undefined);
  t.match(authenticated, [{ consumer, credential: { id: /^pk-/, consumer_id: consumer.id } }]);
  t.same(JSON.parse(shared.get('pistats_client') ?? ''), { client: 'acme', kind: 'pk' });
  t.notOk(calls.includes('getRawBody()'), 'the body is not fetched for nothing');
});

const unknown = newKey('pk').key;
const refused: [
  what: string,
  request: Request,
  status: number,
  code: string,
  change?: Partial<ClientAuthConfig>,
][] = [
  ['no key', {}, 401, 'key_missing'],
  ['an empty key', withKey(''), 401, 'key_missing'],
  ['nonsense for a key', withKey('let me in'), 401, 'key_invalid'],
  ['a key of an unknown client', withKey(newKey('pk', 'other').key), 401, 'key_invalid'],
  ['an unknown key', withKey(unknown), 401, 'key_invalid'],
  ['a secret key on a page route', withKey(sk.key), 403, 'key_kind'],
  ['a page key on a server route', withKey(pk.key), 403, 'key_kind', { kind: 'sk' }],
  [
    'a foreign origin',
    { headers: { 'x-api-key': pk.key, origin: 'https://evil.example' } },
    403,
    'origin_not_allowed',
  ],
  ['a key in the body where the route takes none', beacon(pk.key), 401, 'key_missing'],
  ['a key in a JSON body', beacon(pk.key, 'application/json'), 401, 'key_missing', { key_in_body: true }],
  ['a key in a form', beacon(pk.key, 'text/plainer'), 401, 'key_missing', { key_in_body: true }],
  ['a number for a key in the body', beacon(7), 401, 'key_missing', { key_in_body: true }],
  ['a wrong key in the body', beacon(unknown), 401, 'key_invalid', { key_in_body: true }],
];
for (const [what, request, status, code, change] of refused)
  t.test(`refused: ${what}`, async (t) => {
    const { exit, code: told, authenticated, shared, logs, calls } = await access(request, change);
    t.match(exit, { status, headers: { 'content-type': 'application/problem+json' } });
    t.equal(told, code);
    t.same([authenticated.length, shared.size, logs.length], [0, 0, 0]);
    const keys = [pk.key, sk.key, unknown];
    t.notOk(
      keys.some((key) => exit?.body.includes(key) || calls.join().includes(key)),
      'the key is told nobody',
    );
  });

t.test('a key in a text/plain body, where the route takes it', async (t) => {
  for (const type of ['text/plain', 'text/plain;charset=UTF-8', 'Text/Plain ; a=b']) {
    const { exit, authenticated } = await access(beacon(pk.key, type), { key_in_body: true });
    t.equal(exit, undefined, type);
    t.equal(authenticated.length, 1);
  }
  const both = beacon(unknown);
  const { exit } = await access(
    { ...both, headers: { ...both.headers, 'x-api-key': pk.key } },
    { key_in_body: true },
  );
  t.equal(exit, undefined, 'the header goes before the body');
});

t.test('bodies that hold no key are no error', async (t) => {
  for (const body of [undefined, '', '{', '[]', 'null', '"text"', '{"key":null}', Buffer.of(0xff, 0xfe)]) {
    const { code } = await access({ headers: { 'content-type': 'text/plain' }, body }, { key_in_body: true });
    t.equal(code, 'key_missing', `${body}`);
  }
});

t.test('who has no key is told where to put it: a beacon can set no header', async (t) => {
  const detailOf = async (request: Parameters<typeof access>[0], key_in_body: boolean) => {
    const { exit } = await access(request, { key_in_body });
    return String((JSON.parse(String(exit?.body)) as { detail?: string }).detail);
  };
  t.match(await detailOf({ headers: {} }, false), /x-api-key header/);
  t.match(await detailOf({ headers: {} }, true), /x-api-key header/);
  const told = await detailOf({ headers: { 'content-type': 'text/plain' }, body: '{"events":[]}' }, true);
  t.match(told, /"key" beside "events"/);
  t.notMatch(told, /header/);
});

t.test('a client that is known costs two round trips, an unknown one three', async (t) => {
  const plugin = new Plugin(config);
  const rounds: number[] = [];
  for (let i = 0; i < 2; i++) {
    const pdk = fakePdk({ consumers: [consumer], ...withKey(pk.key) });
    await plugin.access(pdk.kong);
    rounds.push(pdk.rounds);
  }
  t.same(rounds, [3, 2]);
});

t.test(
  'a client that was not asked for lately: what Kong knows now decides, in the same round trip',
  async (t) => {
    const plugin = new Plugin({ ...config, cache_ttl_ms: 5 });
    const now = { consumers: [consumer] };
    const send = async (down = false) => {
      const pdk = fakePdk({ ...now, ...withKey(pk.key) });
      if (down) pdk.kong.client.loadConsumer = () => Promise.reject(new Error('closed'));
      const after = performance.now() + 6;
      await waitUntil('its time is over', () => performance.now() > after, { everyMs: 2 });
      const error = await plugin.access(pdk.kong).catch((thrown: Error) => thrown.message);
      return { ...pdk, rounds: pdk.rounds, code: pdk.code, exit: pdk.exit, error };
    };
    t.equal((await send()).rounds, 3, 'the first one');
    const again = await send();
    t.equal(again.rounds, 2);
    t.same([again.exit, again.authenticated.length], [undefined, 1]);

    const other = { ...consumer, tags: [...(consumer.tags ?? []), 'gold'] };
    now.consumers = [other];
    t.same(
      (await send()).authenticated.at(-1)?.consumer.tags,
      other.tags,
      'a changed one is taken as it is now',
    );

    const broken = await send(true);
    t.same(
      [broken.code, broken.error],
      ['unavailable', 'closed'],
      'and if it can not be read, nobody gets in',
    );

    now.consumers = [{ ...consumer, tags: [sk.tag] }];
    t.equal((await send()).code, 'key_invalid', 'a revoked key, at once');
    now.consumers = [];
    t.equal((await send()).code, 'key_invalid');
  },
);

t.test('when the consumer can not be read nobody gets in', async (t) => {
  const pdk = fakePdk(withKey(pk.key));
  pdk.kong.client.loadConsumer = () => Promise.reject(new Error('closed'));
  await t.rejects(new Plugin(config).access(pdk.kong), { message: 'closed' });
  t.same([pdk.authenticated.length, pdk.shared.size], [0, 0]);
});

t.test('a sender past its limit is told when to come again; nobody else is held up by it', async (t) => {
  const limited = { ...config, rate: 0.5, burst: 2 };
  const other = newKey('pk', 'other');
  const consumers = [consumer, { ...consumerWith([other.tag]), id: consumer.id, username: 'other' }];
  const plugin = new Plugin(limited);
  const send = async (key: string, ip: string) => {
    const pdk = fakePdk({ consumers, ip, ...withKey(key) });
    await plugin.access(pdk.kong);
    return pdk;
  };
  for (const turn of ['first', 'second']) t.equal((await send(pk.key, '192.0.2.1')).exit, undefined, turn);
  const { exit, code, authenticated } = await send(pk.key, '192.0.2.1');
  t.equal(code, 'too_many_requests');
  t.match(exit, {
    status: 429,
    headers: {
      'retry-after': '2',
      'ratelimit-limit': '0.5',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '2',
    },
  });
  t.same(authenticated, [], 'no consumer, so nothing is invoked');
  t.equal((await send(pk.key, '192.0.2.2')).exit, undefined, 'another address');
  t.equal((await send(other.key, '192.0.2.1')).exit, undefined, 'another client behind the same address');
});

t.test('all addresses of one /64 are one sender, and what is no address at all is one, too', async (t) => {
  const plugin = new Plugin({ ...config, rate: 0.001, burst: 1 });
  const send = async (ip: string) => {
    const pdk = fakePdk({ consumers: [consumer], ip, ...withKey(pk.key) });
    await plugin.access(pdk.kong);
    return pdk.code;
  };
  t.equal(await send('2001:db8:1:2::1'), undefined);
  t.equal(await send('2001:db8:1:2:ffff::9'), 'too_many_requests');
  t.equal(await send('2001:db8:1:3::1'), undefined, 'the next /64');
  t.equal(await send('::ffff:192.0.2.9'), undefined);
  t.equal(await send('192.0.2.9'), 'too_many_requests', 'an IPv4 in either notation');
  t.equal(await send('unknown'), undefined);
  t.equal(await send('nonsense'), 'too_many_requests');
});

t.test('the instances of a node share one limit; another limit is another', async (t) => {
  const limited = { ...config, rate: 0.003, burst: 2 };
  const send = async (plugin: InstanceType<typeof Plugin>) => {
    const pdk = fakePdk({ consumers: [consumer], ip: '192.0.2.77', ...withKey(pk.key) });
    await plugin.access(pdk.kong);
    return pdk.code;
  };
  // one for each route, and one more when the configuration was loaded again
  t.equal(await send(new Plugin(limited)), undefined);
  t.equal(await send(new Plugin({ ...limited })), undefined);
  t.equal(await send(new Plugin({ ...limited, cache_size: 11 })), 'too_many_requests');
  t.equal(await send(new Plugin({ ...limited, rate: 0.004 })), undefined);
  for (let i = 1; i <= 13; i++) new Plugin({ ...limited, rate: 1 + i });
  t.equal(await send(new Plugin(limited)), 'too_many_requests', 'it outlives many changes');
});

t.test('a wrong key takes no token from the right one', async (t) => {
  const plugin = new Plugin({ ...config, rate: 0.002, burst: 1 });
  const send = async (key: string) => {
    const pdk = fakePdk({ consumers: [consumer], ...withKey(key) });
    await plugin.access(pdk.kong);
    return pdk.code;
  };
  t.equal(await send(unknown), 'key_invalid');
  t.equal(await send(pk.key), undefined);
});
