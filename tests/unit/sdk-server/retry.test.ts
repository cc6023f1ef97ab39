import fc from 'fast-check';
import t from 'tap';
import { pauseMs, retryAfterOf, sleep } from '../../../sdk/server/src/pause.ts';
import { problemAnswer, REGISTRATION, registered, scripted } from './scripted.ts';

const refused = () => new TypeError('fetch failed');

t.test('a call that goes well is one request with key, JSON and an Idempotency-Key', async (t) => {
  const { client, sent, pauses } = scripted([registered()]);
  const { data, response } = await client.POST('/v1/registrations', { body: REGISTRATION });
  t.match(data, { registrationId: 'r', created: true });
  t.equal(response.status, 201);
  t.same(pauses, []);
  const [request] = sent;
  t.match(request, { url: 'https://gateway.example/v1/registrations', redirect: 'manual' });
  t.match(request?.headers.get('x-api-key'), /^sk_/);
  t.equal(request?.headers.get('content-type'), 'application/json');
  t.match(request?.headers.get('idempotency-key'), /^[0-9a-f-]{36}$/);
  t.same(JSON.parse(request?.body ?? ''), REGISTRATION);
});

t.test('what may go well later is repeated: the same request under the same Idempotency-Key', async (t) => {
  const { client, sent, pauses } = scripted([
    refused(),
    problemAnswer(429, 'too_many_requests', { 'retry-after': '3' }),
    problemAnswer(503, 'busy'),
    new Response('<html>', { status: 502 }),
    problemAnswer(409, 'idempotency_in_progress'),
    registered(),
  ]);
  await client.POST('/v1/registrations', { body: REGISTRATION });
  t.equal(new Set(sent.map(({ headers }) => headers.get('idempotency-key'))).size, 1);
  t.equal(new Set(sent.map(({ body }) => body)).size, 1);
  t.equal(sent.length, 6);
  // half of a window that doubles from 500 ms, above what the server said
  t.same(pauses, [250, 3500, 1000, 2000, 4000]);
});

t.test('each call has a key of its own; a key of the caller is kept', async (t) => {
  const { client, sent } = scripted([registered(), registered(), registered()]);
  await client.POST('/v1/registrations', { body: REGISTRATION });
  await client.POST('/v1/registrations', { body: REGISTRATION });
  const params = { header: { 'Idempotency-Key': 'mine' } };
  await client.POST('/v1/registrations', { body: REGISTRATION, params });
  const [first, second, third] = sent.map(({ headers }) => headers.get('idempotency-key'));
  t.not(first, second);
  t.equal(third, 'mine');
});

for (const [status, code] of [
  [400, 'body_invalid'],
  [401, 'key_invalid'],
  [403, 'key_kind'],
  [404, 'registration_unknown'],
  [422, 'idempotency_mismatch'],
  [501, 'http_501'],
] as const)
  t.test(`${status} is not repeated`, async (t) => {
    const { client, sent } = scripted([problemAnswer(status, code)]);
    await t.rejects(client.POST('/v1/registrations', { body: REGISTRATION }), { code, status });
    t.equal(sent.length, 1);
  });

for (const status of [408, 429, 500, 502, 503, 504])
  t.test(`${status} is repeated`, async () => {
    const { client } = scripted([new Response(null, { status }), registered()]);
    await client.POST('/v1/registrations', { body: REGISTRATION });
  });

t.test('repeats end: after so many, and before a wait that is too long', async (t) => {
  const busy = (seconds?: number) =>
    problemAnswer(503, 'busy', seconds === undefined ? {} : { 'retry-after': `${seconds}` });
  const few = scripted([busy(), busy(), busy()], { repeats: 2 });
  await t.rejects(few.client.POST('/v1/registrations', { body: REGISTRATION }), { code: 'busy' });
  t.same([few.sent.length, few.left.length], [3, 0]);

  const none = scripted([busy()], { repeats: 0 });
  await t.rejects(none.client.POST('/v1/registrations', { body: REGISTRATION }), { code: 'busy' });

  const long = scripted([busy(3600)]);
  const told = await long.client.POST('/v1/registrations', { body: REGISTRATION }).catch((error) => error);
  t.equal(told.retryAfter, 3600);
  t.same(long.pauses, [], 'it is told at once');

  const slow = scripted([busy(40), busy(40), busy(40)], { withinMs: 100_000 });
  await t.rejects(slow.client.POST('/v1/registrations', { body: REGISTRATION }), { code: 'busy' });
  t.equal(slow.sent.length, 3, 'the third wait would end after 120 s');
});

t.test('a caller who gives up is not asked again, and hears its own reason', async (t) => {
  const controller = new AbortController();
  const { client, sent } = scripted([
    async (signal) => {
      controller.abort(new Error('enough'));
      signal.throwIfAborted();
      return registered();
    },
  ]);
  const call = client.POST('/v1/registrations', { body: REGISTRATION, signal: controller.signal });
  await t.rejects(call, { message: 'enough' });
  t.equal(sent.length, 1);
});

t.test('a try that hangs ends, and another is made', async (t) => {
  // the time of a try alone keeps no process up; a socket would
  const up = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(up));
  const hangs = (signal: AbortSignal) =>
    new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const once = scripted([hangs, registered()], { timeoutMs: 20 });
  await once.client.POST('/v1/registrations', { body: REGISTRATION });
  t.equal(once.sent.length, 2);
  const ever = scripted([hangs, hangs], { timeoutMs: 20, repeats: 1 });
  await t.rejects(ever.client.POST('/v1/registrations', { body: REGISTRATION }), {
    code: 'timeout',
    status: 0,
  });
});

t.test('pauses: never below Retry-After, jitter from 0 to the window, bounded', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.nat(600),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, retryAfter, random) => {
        const pause = pauseMs(failures, retryAfter, random);
        return pause >= retryAfter * 1000 && pause <= retryAfter * 1000 + 20_000;
      },
    ),
  );
});

t.test('Retry-After: seconds, a date, or nothing that can be used', async (t) => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  const of = (value?: string) => retryAfterOf(new Headers(value ? { 'retry-after': value } : {}), now);
  t.equal(of('7'), 7);
  t.equal(of('Mon, 01 Jun 2026 12:00:30 GMT'), 30);
  t.equal(of('Mon, 01 Jun 2026 11:00:00 GMT'), 0, 'a date gone by');
  t.equal(of('soon'), undefined);
  t.equal(of(), undefined);
});

t.test('a pause ends at once when the caller gives up', async (t) => {
  const controller = new AbortController();
  const paused = sleep(3_600_000, controller.signal);
  controller.abort(new Error('enough'));
  await t.rejects(paused, { message: 'enough' });
  await t.rejects(sleep(3_600_000, controller.signal), { message: 'enough' }, 'also before it began');
  await sleep(0, new AbortController().signal);
});
