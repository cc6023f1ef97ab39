import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createRedisAnswerCache } from '../../../lambdas/adapters/redis-answer-cache.ts';
import { memoryRegistry } from '../../support/memory-registry.ts';
import { registerEvent, registration } from '../../support/requests.ts';
import { registering } from './registering.ts';

const KEY = { client: 'demo', scope: 'POST /v1/registrations www/1', key: 'k' };
const STORED = { fingerprint: 'f', answer: { status: 204, body: null, events: [] } };

/** A Redis that greets its clients and then does as it is told with each command: answers, or says nothing. */
async function fakeRedis(t: Test, reply: (command: string) => string | undefined) {
  const sockets = new Set<Socket>();
  const seen: string[] = [];
  const reads: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      reads.push(chunk.toString());
      for (const part of chunk.toString().split(/(?=^\*\d+\r\n)/m)) {
        const words = part.split('\r\n').filter((_, index) => index > 0 && index % 2 === 0);
        const name = (words[0] ?? '').toUpperCase();
        seen.push(name);
        const answer = name === 'INFO' ? '$9\r\nloading:0\r\n' : name === 'CLIENT' ? '+OK\r\n' : reply(name);
        if (answer !== undefined) socket.write(answer);
      }
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `redis://127.0.0.1:${port}`, seen, reads };
}

t.test('without an address there is no cache, and nothing is missed', async (t) => {
  const cache = createRedisAnswerCache(undefined);
  await cache.set([{ ...KEY, ...STORED }]);
  t.same(await cache.get([KEY, KEY]), [undefined, undefined]);
});

function connect(t: Test, url: string) {
  const cache = createRedisAnswerCache(url);
  t.teardown(() => cache.close());
  return cache;
}

t.test('what Redis holds is the answer, what it does not hold is not known', async (t) => {
  const value = JSON.stringify(STORED);
  const redis = await fakeRedis(t, (command) =>
    command === 'MGET' ? `*2\r\n$-1\r\n$${value.length}\r\n${value}\r\n` : '+OK\r\n',
  );
  const cache = connect(t, redis.url);
  await waitUntil('the answer', async () => (await cache.get([KEY, KEY]))[1]);
  t.same(await cache.get([KEY, KEY]), [undefined, STORED]);
  await cache.set([{ ...KEY, ...STORED }]);
  await cache.set([]);
  t.equal(redis.seen.filter((command) => command === 'SET').length, 1);
});

t.test('the answers of a batch are one command to read and one pipeline to write', async (t) => {
  const redis = await fakeRedis(t, (command) => (command === 'MGET' ? '*2\r\n$-1\r\n$-1\r\n' : '+OK\r\n'));
  const cache = connect(t, redis.url);
  await waitUntil('a command that got through', async () => {
    await cache.get([KEY, KEY]);
    return redis.seen.includes('MGET');
  });
  redis.reads.length = 0;
  await cache.get([KEY, KEY]);
  await cache.set(Array.from({ length: 20 }, (_, index) => ({ ...KEY, key: `k${index}`, ...STORED })));
  t.same(
    redis.reads.map((text) => text.match(/\b(MGET|SET)\r\n/gi)?.length),
    [1, 20],
  );
});

const faults: Record<string, (command: string) => string | undefined> = {
  'that says nothing': () => undefined,
  'that refuses': () => '-ERR refused\r\n',
  'that is full': () => '-OOM command not allowed when used memory > maxmemory\r\n',
  'that holds nonsense': () => '*1\r\n$8\r\nnonsense\r\n',
};
for (const [what, reply] of Object.entries(faults))
  t.test(`a Redis ${what} costs a request no answer`, async (t) => {
    const redis = await fakeRedis(t, reply);
    const cache = connect(t, redis.url);
    await waitUntil('a command that got through', async () => {
      await cache.get([KEY]);
      return redis.seen.includes('MGET');
    });
    t.same(await cache.get([KEY]), [undefined]);
    const { one } = registering(memoryRegistry('demo'), cache);
    const event = () => registerEvent(registration(), { key: 'k' });
    const first = await one(event());
    t.equal(first.status, 201);
    t.same(await one(event()), first, 'the database knows the first answer');
  });

t.test('a Redis that hangs after it answered is asked by one probe at a time, and taken again', async (t) => {
  const value = JSON.stringify(STORED);
  let hangs = false;
  const redis = await fakeRedis(t, (command) => {
    if (hangs) return undefined;
    return command === 'MGET' ? `*1\r\n$${value.length}\r\n${value}\r\n` : '+OK\r\n';
  });
  const cache = connect(t, redis.url);
  await waitUntil('an answer', async () => (await cache.get([KEY]))[0]);
  hangs = true;
  for (let i = 0; i < 3; i++) t.same(await cache.get([KEY]), [undefined]);
  redis.seen.length = 0;
  await Promise.all(Array.from({ length: 500 }, () => cache.get([KEY])));
  await cache.set([{ ...KEY, ...STORED }]);
  t.same(
    redis.seen.filter((command) => command === 'MGET' || command === 'SET'),
    [],
    'no request asks it',
  );
  hangs = false;
  t.same(await waitUntil('it is asked again', async () => (await cache.get([KEY]))[0]), STORED);
});

t.test('a Redis that nobody has started costs no answer, and no time to speak of', async (t) => {
  const cache = connect(t, `redis://127.0.0.1:${await freePort()}`);
  const startedAt = performance.now();
  for (let i = 0; i < 20; i++) await cache.set([{ ...KEY, ...STORED }]);
  t.same(await cache.get([KEY]), [undefined]);
  t.ok(performance.now() - startedAt < 2_000, 'far less than a function may run');
  const { one } = registering(memoryRegistry('demo'), cache);
  t.equal((await one(registerEvent())).status, 201);
});
