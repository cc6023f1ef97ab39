import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { generateRequests } from '../../../infra/local/load/bodies.ts';
import { drawSurge, niceTicks } from '../../bench/surge-chart.ts';
import { type Second, sendSurge } from '../../bench/surge-client.ts';
import { peakToMean } from '../../bench/surge-day.ts';

const CLIENTS = [{ name: 'first', properties: ['www'], pk: 'pk_first' }];

/** Refuses the first attempt of every third registration. */
async function busyServer(t: { teardown(run: () => unknown): void }) {
  const attempts = new Map<unknown, number>();
  const server = createServer((request, response) => {
    const key = request.headers['idempotency-key'];
    const refused = attempts.size % 3 === 0 && !attempts.has(key);
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    request.resume();
    request.on('end', () =>
      response.writeHead(refused ? 503 : 201, refused ? { 'retry-after': '1' } : undefined).end('{}'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, attempts };
}

for (const moments of [undefined, Float64Array.from({ length: 30 }, (_, index) => index * 2)])
  t.test(`${moments ? 'at its moments' : 'in a closed loop'}, every attempt is counted`, async (t) => {
    const { url, attempts } = await busyServer(t);
    const { seconds, last, early, deferred, longestRetryAfter, ...sent } = await sendSurge({
      proxyUrl: url,
      requests: generateRequests(CLIENTS, 30),
      moments,
      connections: 4,
      signal: new AbortController().signal,
    });
    const sum = (pick: (second: Second) => number) => seconds.reduce((total, one) => total + pick(one), 0);
    t.same(last, { 201: 30 });
    t.same(sent, { sent: 30, attempts: { 201: 30, 503: 10 } });
    t.equal(attempts.size, 30, 'one key over all attempts');
    t.same([early, deferred, longestRetryAfter], [0, 10, 1], 'none before its Retry-After');
    t.equal(
      sum(({ offered }) => offered),
      30,
    );
    t.equal(
      sum(({ answered }) => answered),
      30,
    );
    t.equal(
      sum(({ shed }) => shed),
      10,
    );
    t.equal(
      sum(({ retried }) => retried),
      10,
    );
    t.equal(
      sum(({ milliseconds }) => milliseconds.length),
      30,
    );
  });

t.test('the peak of a shape is its busiest second', async (t) => {
  t.ok(Math.abs(peakToMean([1, 1, 1, 1], 2) - 1) < 0.01, 'flat');
  t.ok(Math.abs(peakToMean([1, 1, 1, 5], 4) - 2.5) < 0.01, 'one of four');
  t.ok(Math.abs(peakToMean([1, 1, 1, 5], 2) - 1.5) < 0.01, 'seconds longer than the peak flatten it');
});

t.test('axes go in round steps to the highest value at least', async (t) => {
  const cases: [number, number[]][] = [
    [856, [0, 250, 500, 750, 1000]],
    [4, [0, 1, 2, 3, 4]],
    [0.35, [0, 0.1, 0.2, 0.3, 0.4]],
  ];
  for (const [max, ticks] of cases) t.same(niceTicks(max), ticks);
  t.ok((niceTicks(0).at(-1) as number) > 0, 'nothing at all has an axis, too');
});

t.test('the picture has a line for each series, and a gap where nothing is known', async (t) => {
  const second = (rest: Partial<Second>): Second => ({
    ...{ offered: 5, answered: 5, shed: 0, retried: 0, failed: 0, open: 1, milliseconds: [20, 30] },
    ...rest,
  });
  const seconds = [second({}), second({}), second({ answered: 0, milliseconds: [] }), second({})];
  const svg = drawSurge(seconds, [{ queue: 3, inFlight: 1 }], 4);
  const lines = (look: string) => [...svg.matchAll(new RegExp(`<polyline class="line ${look}"`, 'g'))].length;
  t.equal(lines('answered'), 1);
  t.equal(lines('p99'), 2, 'before and after the second without answers');
  t.notMatch(svg, /NaN|undefined|Infinity/);
  t.match(svg, /sustained 4\/s/);
  t.match(svg, 'prefers-color-scheme: dark');
});
