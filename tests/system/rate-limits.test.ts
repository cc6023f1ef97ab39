import t from 'tap';
import { call, closePools, key, ORIGIN } from './api.ts';

t.teardown(closePools);

const query = (client: string) => call('POST', '/v1/query', { key: key(client, 'sk'), body: {} });
const remaining = (headers: Headers) => Number(headers.get('x-ratelimit-remaining-minute'));

t.test(
  'sk routes: each client behind one address has its own count, and is told when to come again',
  async (t) => {
    const [mine, theirs] = [await query('first'), await query('second')];
    t.equal(mine.status, 503, 'the function is still to come; the limit is not');
    t.equal(mine.headers.get('ratelimit-limit'), '600');
    const before = remaining(theirs.headers);

    let refused: Awaited<ReturnType<typeof query>> | undefined;
    // a new minute may begin on the way
    for (let sent = 0; sent < 1_500 && !refused; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => query('first')));
      refused = answers.find(({ status }) => status === 429);
    }
    t.equal(refused?.status, 429);
    t.equal(refused?.headers.get('ratelimit-remaining'), '0');
    const seconds = Number(refused?.headers.get('retry-after'));
    t.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
    t.match(refused?.body, { message: 'API rate limit exceeded' }, "Kong's own body");

    const other = await query('second');
    t.equal(other.status, 503, 'the other client goes on');
    t.ok(remaining(other.headers) >= Math.min(before - 1, 598));
  },
);

t.test("pk routes have no rate-limiting of Kong's, and their own limit is far off", async (t) => {
  const { status, headers } = await call('POST', '/v1/registrations', {
    key: key('first'),
    body: {},
    headers: { origin: ORIGIN },
  });
  t.equal(status, 400);
  t.equal(headers.get('x-ratelimit-limit-minute'), null);
});
