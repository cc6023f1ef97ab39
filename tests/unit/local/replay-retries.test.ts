import { getEventListeners } from 'node:events';
import t from 'tap';
import { createHttpClient } from '../../../infra/local/load/http-client.ts';
import { type ReplayResult, runReplay } from '../../../infra/local/load/run-load.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { type Behaviour, created, fakeGateway, replayRequest } from './fake-gateway.ts';

const requests = (count: number) => Array.from({ length: count }, (_, n) => replayRequest(n));
const moments = new Float64Array(100);

for (const { name, first } of [
  { name: 'a 503', first: { status: 503, body: { code: 'unavailable' } } },
  { name: 'a 503 with Retry-After: 0', first: { status: 503, headers: { 'retry-after': '0' } } },
  {
    name: 'a Retry-After with a date',
    first: { status: 503, headers: { 'retry-after': new Date(0).toUTCString() } },
  },
  { name: 'a 429', first: { status: 429, body: { message: 'API rate limit exceeded' } } },
  {
    name: 'a 409 that says when to come again',
    first: { status: 409, headers: { 'retry-after': '0' }, body: { code: 'idempotency_in_progress' } },
  },
  { name: 'a 500', first: { status: 500 } },
  { name: 'a 502 that is not JSON', first: { status: 502, body: '<html>' } },
  { name: 'a connection that was cut', first: 'cut' as const },
]) {
  t.test(`after ${name} the same request comes again and counts once`, async (t) => {
    const behaviour: Behaviour = (_, n) => (n < 2 ? first : created(n));
    const gateway = await fakeGateway(t, behaviour);
    const result = await runReplay({ proxyUrl: gateway.url, requests: requests(1), moments, concurrency: 2 });
    t.match(result, { sent: 1, registered: 1, accepted: 1, rejected: {} });
    t.equal(gateway.received.length, 3);
    t.equal(new Set(gateway.received.map(({ headers }) => headers['idempotency-key'])).size, 1);
    t.same(
      gateway.received.map(({ body }) => body),
      [{ n: 0 }, { n: 0 }, { n: 0 }],
    );
  });
}

t.test('a 409 that does not is an answer for good', async (t) => {
  const gateway = await fakeGateway(t, () => ({ status: 409, body: { code: 'conflict' } }));
  const result = await runReplay({ proxyUrl: gateway.url, requests: requests(1), moments, concurrency: 1 });
  t.match(result, { registered: 0, rejected: { conflict: 1 } });
  t.equal(gateway.received.length, 1);
});

t.test('who asks hears of every attempt, and says how many there may be', async (t) => {
  const gateway = await fakeGateway(t, (_, n) => (n === 0 ? 'cut' : { status: 503 }));
  const heard: (number | undefined)[] = [];
  const http = createHttpClient(gateway.url, 1, undefined, {
    maxAttempts: 3,
    maxBackoffMs: 1,
    onAttempt: (answer) => heard.push(answer?.status),
  });
  t.teardown(http.close);
  t.match(await http.send('POST', '/', {}, '{}'), { status: 503 });
  t.same(heard, [undefined, 503, 503]);
});

t.test('Retry-After is waited for', async (t) => {
  const behaviour: Behaviour = (_, n) =>
    n === 0 ? { status: 503, headers: { 'retry-after': '1' } } : created(n);
  const gateway = await fakeGateway(t, behaviour);
  const result = await runReplay({ proxyUrl: gateway.url, requests: requests(1), moments, concurrency: 1 });
  const [before = 0, after = 0] = gateway.received.map(({ at }) => at);
  t.ok(after - before >= 990, `${after - before} ms`);
  t.equal(result.registered, 1);
  t.ok(result.p99_ms <= result.seconds * 1_000 - 990, 'the latency is that of the attempt that was answered');
});

t.test('an answer that is cut in its middle is no answer', async (t) => {
  const promisesMore = { 'content-length': '1000', connection: 'close' };
  const behaviour: Behaviour = (_, n) => (n === 0 ? { ...created(n), headers: promisesMore } : created(n));
  const gateway = await fakeGateway(t, behaviour);
  const result = await runReplay({ proxyUrl: gateway.url, requests: requests(1), moments, concurrency: 1 });
  t.match(result, { registered: 1, rejected: {} });
  t.equal(gateway.received.length, 2);
});

t.test('an abort ends a replay at once, whatever it waits for', async (t) => {
  const never = new Promise<never>(() => {});
  for (const { name, behaviour, at } of [
    { name: 'an answer', behaviour: () => never, at: 0 },
    { name: 'a free connection', behaviour: () => never, at: 0, count: 9 },
    { name: 'Retry-After', behaviour: () => ({ status: 503, headers: { 'retry-after': '600' } }), at: 0 },
    { name: 'the next moment', behaviour: () => created(0), at: 600_000 },
  ] as { name: string; behaviour: Behaviour; at: number; count?: number }[]) {
    const gateway = await fakeGateway(t, behaviour);
    const abort = new AbortController();
    const running = runReplay({
      proxyUrl: gateway.url,
      requests: requests(9),
      moments: new Float64Array(9).map((_, n) => (n < 2 ? 0 : at)),
      concurrency: 2,
      signal: abort.signal,
    });
    await waitUntil('two requests', () => gateway.received.length === 2);
    abort.abort();
    // what waits 600 s else is ended by tap
    const result = await running;
    const refused = Object.values(result.rejected).reduce((sum, count) => sum + count, 0);
    t.equal(result.sent, result.registered + refused, `${name}: the books balance`);
    t.ok(result.sent < 9, `${name}: ${result.sent} were sent`);
    t.equal(getEventListeners(abort.signal, 'abort').length, 0, `${name}: nobody listens any more`);
  }
});

t.test('progress tells the counts while the replay runs', async (t) => {
  const seen: ReplayResult[] = [];
  const gateway = await fakeGateway(t, async (_, n) => {
    if (n === 2) await waitUntil('two lines of progress', () => seen.length >= 2);
    return created(n);
  });
  const result = await runReplay({
    proxyUrl: gateway.url,
    requests: requests(3),
    moments,
    concurrency: 1,
    onProgress: (line) => seen.push(line),
  });
  t.match(seen.at(-1), { sent: 3, registered: 2 });
  t.equal(result.registered, 3);
  t.not(seen.at(-1)?.rejected, result.rejected, 'a copy each');
});
