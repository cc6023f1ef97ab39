import t, { type Test } from 'tap';
import type { ReplayRequest } from '../../../infra/local/load/bodies.ts';
import { type ReplayOptions, runReplay } from '../../../infra/local/load/run-load.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { type Behaviour, created, type FakeGateway, fakeGateway, replayRequest } from './fake-gateway.ts';

/** Replays `requests`, due at once unless `options` say otherwise, through a gateway that behaves so. */
async function replay(
  t: Test,
  behaviour: Behaviour,
  requests: ReplayRequest[],
  options: Partial<ReplayOptions> = {},
) {
  const gateway = await fakeGateway(t, behaviour);
  const result = await runReplay({
    proxyUrl: gateway.url,
    requests,
    moments: new Float64Array(requests.length),
    concurrency: 8,
    ...options,
  });
  return { gateway, result };
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => replayRequest(n));
const bodies = (gateway: FakeGateway) => gateway.received.map(({ body }) => body.n);

t.test('the books name what was registered, and what was refused by its code', async (t) => {
  const answers = [
    created(0),
    { status: 200, body: { registrationId: 'r-1' } },
    { status: 400, body: { code: 'invalid_body' } },
    { status: 400, body: { code: 'invalid_body' } },
    { status: 413, body: { message: 'Request size limit exceeded' } },
    { status: 401, body: '<html>' },
    { status: 404, body: { code: 404 } },
  ];
  const behaviour: Behaviour = ({ body }) => answers[body.n] ?? created(body.n);
  const { result, gateway } = await replay(t, behaviour, numbered(9));
  t.match(result, { sent: 9, registered: 4, accepted: 4, subscribed: 0 });
  t.same(result.rejected, { invalid_body: 2, http_413: 1, http_401: 1, http_404: 1 });
  t.ok(result.p50_ms > 0 && result.p99_ms >= result.p50_ms);
  t.ok(result.seconds >= 0 && result.registrations_per_second > 0);
  t.equal(gateway.received.length, 9, 'what is refused for good is not sent again');
});

t.test('a request carries its key, its browser and a key of idempotency of its own', async (t) => {
  const { gateway } = await replay(t, (_, n) => created(n), numbered(3));
  for (const { path, headers, body } of gateway.received) {
    t.equal(path, '/v1/registrations');
    t.match(headers, {
      'x-api-key': 'pk_one_x',
      'user-agent': `agent-${body.n}`,
      'content-type': 'application/json',
    });
    t.notOk('x-device-token' in headers);
  }
  t.equal(new Set(gateway.received.map(({ headers }) => headers['idempotency-key'])).size, 3);
});

t.test('a device subscribes with its token, once it is registered', async (t) => {
  const requests = [
    replayRequest(0, { topics: ['sport', 'politics'] }),
    replayRequest(1, { topics: ['sport'] }),
  ];
  const behaviour: Behaviour = ({ path, body }) =>
    path === '/v1/registrations'
      ? created(body.n)
      : { status: body.registrationId === 'r-0' ? 200 : 403, body: [] };
  const { gateway, result } = await replay(t, behaviour, requests, { concurrency: 1 });
  t.match(result, { sent: 2, registered: 2, subscribed: 1, accepted: 3, rejected: {} });
  const [, first, , second] = gateway.received;
  t.match(first, {
    path: '/v1/subscriptions',
    headers: { 'x-device-token': 'dt_0', 'x-api-key': 'pk_one_x' },
    body: { registrationId: 'r-0', topics: ['sport', 'politics'] },
  });
  t.match(second, { headers: { 'x-device-token': 'dt_1' }, body: { registrationId: 'r-1' } });
});

t.test('without a token, or refused, a device joins nothing', async (t) => {
  const requests = [0, 1].map((n) => replayRequest(n, { topics: ['sport'] }));
  const behaviour: Behaviour = ({ body }) =>
    body.n === 0 ? { status: 200, body: { registrationId: 'r' } } : { status: 400 };
  const { gateway, result } = await replay(t, behaviour, requests);
  t.match(result, { registered: 1, subscribed: 0, rejected: { http_400: 1 } });
  t.equal(gateway.received.length, 2);
});

t.test(
  'requests of one installation go one after the other, the later with the token of the first',
  async (t) => {
    const same = (n: number, client = replayRequest(n).client) =>
      replayRequest(n, { installationId: 'the same', client });
    const other = { name: 'two', properties: [], pk: 'pk_two_x' };
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const behaviour: Behaviour = async ({ body }) => {
      if (body.n === 0) await held;
      else if (body.n === 3) release(); // the first answer is given only after the last request is here
      return body.n === 0 ? created(0) : { status: 200, body: { registrationId: 'r' } };
    };
    const { gateway } = await replay(t, behaviour, [same(0), same(1), same(2, other), replayRequest(3)]);
    t.same(
      new Set(bodies(gateway).slice(0, 3)),
      new Set([0, 2, 3]),
      'another client, another installation: at once',
    );
    t.equal(bodies(gateway).at(-1), 1);
    t.equal(gateway.received.find(({ body }) => body.n === 1)?.headers['x-device-token'], 'dt_0');
    t.notOk(gateway.received.some(({ body, headers }) => body.n !== 1 && 'x-device-token' in headers));
  },
);

t.test('requests without an installation do not wait for each other', async (t) => {
  let both = () => {};
  const arrived = new Promise<void>((resolve) => (both = resolve));
  const behaviour: Behaviour = async (_, n) => {
    if (n === 1) both();
    await arrived;
    return created(n);
  };
  const requests = numbered(2).map((request) => ({ ...request, installationId: undefined }));
  t.match((await replay(t, behaviour, requests)).result, { registered: 2 });
});

t.test('there are never more requests under way than connections', async (t) => {
  const gateway: FakeGateway = await fakeGateway(t, async (_, n) => {
    // until as many are here as may be, so that the bound is really reached
    if (n < 5) await waitUntil('five requests', () => gateway.received.length >= 5, { everyMs: 1 });
    return created(n);
  });
  const requests = numbered(60);
  const moments = new Float64Array(60);
  const result = await runReplay({ proxyUrl: gateway.url, requests, moments, concurrency: 5 });
  t.equal(result.registered, 60);
  t.equal(gateway.most(), 5);
});

t.test('a request goes when it is due, not before', async (t) => {
  const moments = Float64Array.of(0, 60, 120);
  const startedAt = Date.now();
  const { gateway } = await replay(t, (_, n) => created(n), numbered(3), { moments });
  t.same(bodies(gateway), [0, 1, 2]);
  for (const { at, body } of gateway.received)
    t.ok(at - startedAt >= (moments[body.n] as number) - 5, `request ${body.n} after ${at - startedAt} ms`);
});

t.test('an answer 2xx that is not JSON is told, and ends nothing', async (t) => {
  const behaviour: Behaviour = (_, n) => (n === 0 ? { status: 200, body: '<html>' } : created(n));
  const { result } = await replay(t, behaviour, numbered(3), { concurrency: 1 });
  t.match(result, { sent: 3, registered: 2, rejected: { not_json: 1 } });
});
