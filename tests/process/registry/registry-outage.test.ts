import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { readRunInfo } from '../../../infra/local/run-info.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createRedisAnswerCache } from '../../../lambdas/adapters/redis-answer-cache.ts';
import { FUNCTION_TIMEOUT_MS } from '../../../lambdas/time-limits.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, registerEvent, registration } from '../../support/requests.ts';
import { startProxy } from './registry-proxy.ts';

const database = await registryDatabase(t, 'demo');
const fresh = () => registration({ installationId: randomUUID() });
const rowsOf = async (body: ReturnType<typeof fresh>) => {
  const [row] = await database.rows(
    `select (select count(*)::int from device where installation_id = $1) as devices,
       (select count(*)::int from idempotency where scope like '%' || $1) as answers,
       (select count(*)::int from fact f where exists (select from device d
         where d.installation_id = $1 and d.id::text = f.data ->> 'deviceId')) as facts,
       (select count(*)::int from app_user u where not exists (select from device d where d.user_id = u.id))
         as orphans`,
    body.device.installationId,
  );
  return row;
};
const NOTHING = { devices: 0, answers: 0, facts: 0, orphans: 0 };
const ONCE = { devices: 1, answers: 1, facts: 1, orphans: 0 };

/** A registration that is answered, and known again by another environment: from the database, if not from Redis. */
async function goesOn(t: Test, cache: ReturnType<typeof createRedisAnswerCache>) {
  const body = fresh();
  const event = () => registerEvent(body, { client: 'demo', key: 'k' });
  const startedAt = performance.now();
  const first = await environment(t, database.writerUrl, cache).one(event());
  t.equal(first.status, 201);
  t.same(await environment(t, database.writerUrl, cache).one(event()), first);
  t.ok(performance.now() - startedAt < FUNCTION_TIMEOUT_MS);
  t.same(await rowsOf(body), ONCE);
}

async function redisThroughProxy(t: Test) {
  const proxy = await startProxy(t, readRunInfo().redisUrl);
  const cache = createRedisAnswerCache(proxy.url);
  t.teardown(() => cache.close());
  const key = { client: 'demo', scope: `test ${randomUUID()}`, key: 'k' };
  const works = async () => {
    await cache.set([{ ...key, fingerprint: 'f', answer: { status: 204, body: null, events: [] } }]);
    return (await cache.get([key]))[0];
  };
  return { proxy, cache, works };
}

t.test('Redis up: it knows the answers; it dies and comes back: registrations go on', async (t) => {
  const { proxy, cache, works } = await redisThroughProxy(t);
  await waitUntil('Redis', works);
  await goesOn(t, cache);
  await proxy.down();
  await goesOn(t, cache);
  await proxy.up();
  await waitUntil('Redis once more', works);
  await goesOn(t, cache);
});

t.test('Redis says nothing any more: registrations go on', async (t) => {
  const { proxy, cache, works } = await redisThroughProxy(t);
  await waitUntil('Redis', works);
  proxy.faults.answer = 'silent';
  await goesOn(t, cache);
});

t.test('Redis was never there: registrations go on', async (t) => {
  const cache = createRedisAnswerCache(`redis://127.0.0.1:${await freePort()}`);
  t.teardown(() => cache.close());
  await goesOn(t, cache);
});

const unavailable = { status: 503, code: 'unavailable', retryAfter: '2', events: [] };

t.test('PostgreSQL is not there: 503 with Retry-After for each request of a batch', async (t) => {
  const gone = new URL(database.writerUrl);
  gone.port = String(await freePort());
  const { register, subscribe } = environment(t, gone.href);
  const answers = await register(registerEvent(fresh(), { client: 'demo' }), registerEvent('nonsense'));
  t.match(answers, [unavailable, { status: 400, code: 'body_malformed' }]);
  t.match(await subscribe(joinEvent(randomUUID(), ['sport'], { client: 'demo' })), [unavailable]);
});

t.test(
  'PostgreSQL goes before the write: 503, nothing half-written; back again: the same request is served',
  async (t) => {
    const proxy = await startProxy(t, database.writerUrl);
    const functions = environment(t, proxy.url);
    await functions.one(registerEvent(fresh(), { client: 'demo' }));
    const body = { ...fresh(), user: { id: randomUUID() } };
    const event = () => registerEvent(body, { client: 'demo', requestId: 'r-before' });
    const loaded = proxy.statements.length;
    const cut = waitUntil('the reading statement', () => proxy.statements.length > loaded, { everyMs: 1 });
    proxy.faults.answer = 'silent';
    const answer = functions.one(event());
    await cut;
    await proxy.down();
    t.match(await answer, unavailable);
    t.match(await functions.one(event()), unavailable, 'while it is away');
    t.same(await rowsOf(body), NOTHING);
    proxy.faults.answer = 'none';
    await proxy.up();
    t.equal((await functions.one(event())).status, 201);
    t.same(await rowsOf(body), ONCE);
  },
);

t.test('PostgreSQL commits, but its word is lost: the repeat is told what was committed', async (t) => {
  const proxy = await startProxy(t, database.writerUrl);
  const functions = environment(t, proxy.url);
  await functions.one(registerEvent(fresh(), { client: 'demo' }));
  const body = fresh();
  const event = () => registerEvent(body, { client: 'demo', requestId: 'r-after' });
  // the reading one and the writing one; plans that are discarded between them travel as a simple query
  const executed = () => proxy.statements.filter((type) => type === 'E').length;
  const reading = executed() + 1;
  proxy.hooks.onStatement = () => {
    if (executed() > reading) proxy.faults.answer = 'cut';
  };
  t.match(await functions.one(event()), unavailable);
  t.same(
    await waitUntil('the commit', async () => ((await rowsOf(body)).devices === 1 ? rowsOf(body) : null)),
    ONCE,
  );
  proxy.hooks.onStatement = undefined;
  proxy.faults.answer = 'none';
  const [device] = await database.rows(
    'select id from device where installation_id = $1',
    body.device.installationId,
  );
  t.match(await functions.one(event()), { status: 201, body: { created: true, deviceId: device.id } });
  t.same(await rowsOf(body), ONCE);
});

t.test(
  'PostgreSQL hangs: 503 before the function’s time is over, and the connection is not used again',
  async (t) => {
    const proxy = await startProxy(t, database.writerUrl);
    const functions = environment(t, proxy.url);
    await functions.one(registerEvent(fresh(), { client: 'demo' }));
    proxy.faults.answer = 'silent';
    const body = fresh();
    const startedAt = performance.now();
    t.match(await functions.one(registerEvent(body, { client: 'demo' })), unavailable);
    t.ok(performance.now() - startedAt < FUNCTION_TIMEOUT_MS, `${performance.now() - startedAt} ms`);
    proxy.faults.answer = 'none';
    t.equal((await functions.one(registerEvent(body, { client: 'demo' }))).status, 201);
    t.same(await rowsOf(body), ONCE);
  },
);

t.test(
  'another transaction holds the row: 409 for who needs it, alone or in a batch, before the function’s time is over',
  async (t) => {
    const functions = environment(t, database.writerUrl);
    const bodies = Array.from({ length: 100 }, fresh);
    const made = await functions.register(...bodies.map((body) => registerEvent(body, { client: 'demo' })));
    const holder = await database.pool.connect();
    t.teardown(() => holder.release(true));
    await holder.query('begin');
    await holder.query('select 1 from device where id = $1 for update', [made[0]?.body.deviceId]);
    const change = (at: number) => {
      const { device } = bodies[at] as ReturnType<typeof fresh>;
      const options = { client: 'demo', token: made[at]?.body.deviceToken };
      return registerEvent(registration({ ...device, locale: 'fr' }), options);
    };
    const startedAt = performance.now();
    t.match(await functions.one(change(0)), {
      status: 409,
      code: 'idempotency_in_progress',
      retryAfter: '1',
    });
    t.ok(performance.now() - startedAt < FUNCTION_TIMEOUT_MS);
    t.equal((await functions.one(change(1))).status, 200);

    for (const size of [2, 100]) {
      const began = performance.now();
      const answers = await functions.register(...Array.from({ length: size }, (_, at) => change(at)));
      t.ok(performance.now() - began < FUNCTION_TIMEOUT_MS, `a batch of ${size}`);
      t.same(
        answers.map(({ status }) => status),
        [409, ...Array(size - 1).fill(200)],
      );
    }
  },
);
