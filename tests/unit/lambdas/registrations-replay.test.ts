import t from 'tap';
import { memoryCache, memoryRegistry, noCache } from '../../support/memory-registry.ts';
import { registerEvent, registration } from '../../support/requests.ts';
import { registering } from './registering.ts';

const caches = { 'with the cache': () => memoryCache().cache, 'from the database alone': () => noCache };

for (const [how, cache] of Object.entries(caches)) {
  t.test(`the same key and body, ${how}: the first answer and the first fact again`, async (t) => {
    const { one, registry, wait } = registering(memoryRegistry('demo'), cache());
    const options = { key: 'key-1' };
    const first = await one(registerEvent(registration(), options));
    t.equal(first.status, 201);
    wait(3_600_000);
    t.same(await one(registerEvent(registration(), options)), first, 'same id, same time, same token');
    t.equal(registry.facts.size, 1);
    const changed = registration({ locale: 'de' });
    const { deviceToken: token } = first.body;
    const second = await one(registerEvent(changed, { key: 'key-2', token }));
    t.equal(second.events[0]?.type, 'pistats.registration.updated');
    wait(3_600_000);
    t.same(
      await one(registerEvent(registration(), options)),
      first,
      'even when the device has changed since',
    );
    t.same(await one(registerEvent(changed, { key: 'key-2', token })), second);
    t.equal(registry.writes.length, 2);
  });

  t.test(`the same key and another body, ${how}: 422, and the first stands`, async (t) => {
    const { one, registry } = registering(memoryRegistry('demo'), cache());
    await one(registerEvent(registration(), { key: 'key-1' }));
    const other = registration({ locale: 'fr' });
    t.match(await one(registerEvent(other, { key: 'key-1' })), { status: 422, code: 'idempotency_mismatch' });
    t.match([...registry.devices.values()], [{ locale: null }]);
  });

  t.test(`a key is another request's at another client or device, ${how}`, async (t) => {
    const { one } = registering(memoryRegistry('demo', 'other'), cache());
    const at = (client: string, installationId: string) =>
      one(registerEvent(registration({ installationId }), { client, key: 'key-1' }));
    const answers = [
      await at('demo', 'installation-1'),
      await at('demo', 'installation-2'),
      await at('other', 'installation-1'),
    ];
    t.same(
      answers.map(({ status }) => status),
      [201, 201, 201],
    );
    t.equal(new Set(answers.map(({ body }) => body.deviceId)).size, 3);
  });
}

for (const [how, cache] of Object.entries(caches))
  t.test(`an unchanged registration is answered once, too, ${how}`, async (t) => {
    const { one, registry, wait } = registering(memoryRegistry('demo'), cache());
    const { body } = await one(registerEvent());
    wait(5 * 86_400_000);
    const again = () => registerEvent(registration(), { key: 'k' });
    const first = await one(again());
    t.match(first, { status: 200, events: [{ type: 'pistats.registration.created' }] });
    await one(registerEvent(registration({ locale: 'fr' }), { token: body.deviceToken }));
    wait(86_400_000);
    t.same(await one(again()), first);
    t.match([...registry.devices.values()], [{ locale: 'fr' }]);
    wait(5 * 86_400_000);
    t.same(await one(again()), { ...first, events: [] }, 'no fact that storage would refuse as too old');
    t.match(await one(registerEvent(registration({ locale: 'de' }), { key: 'k' })), { status: 422 });
  });

t.test('without a key Kong’s request id names the request, and never what a client chose', async (t) => {
  const { one } = registering();
  const first = await one(registerEvent(registration(), { requestId: 'r1' }));
  t.same(await one(registerEvent(registration(), { requestId: 'r1' })), first);
  t.equal((await one(registerEvent(registration(), { key: 'request:r1' }))).status, 200);
  t.equal((await one(registerEvent(registration(), { key: 'r1' }))).status, 200);
});

t.test('white space and the order of fields make no other body', async (t) => {
  const { one } = registering();
  const first = await one(
    registerEvent('{"property":"www","device":{"platform":"web","installationId":"12345678"}}', { key: 'k' }),
  );
  const again = ' {"device": {"installationId": "12345678", "platform": "web"}, "property": "www"} ';
  t.same(await one(registerEvent(again, { key: 'k' })), first);
});

t.test('the same key twice in one batch: one device, the same answer; another body: 422', async (t) => {
  const { send, registry } = registering();
  const answers = await send(
    registerEvent(registration(), { key: 'k' }),
    registerEvent(registration(), { key: 'k' }),
    registerEvent(registration({ locale: 'de' }), { key: 'k' }),
  );
  t.equal(answers[0]?.status, 201);
  t.same(answers[1], answers[0]);
  t.match(answers[2], { status: 422, code: 'idempotency_mismatch' });
  t.equal(registry.facts.size, 1);
});

t.test('a refusal is not kept: mended, the same key is served', async (t) => {
  const registry = memoryRegistry('demo');
  const { one } = registering(registry, memoryCache().cache);
  const send = (property: string) => one(registerEvent({ ...registration(), property }, { key: 'k' }));
  t.equal((await send('shop')).status, 400);
  registry.clients.get('demo')?.properties.push('shop');
  t.equal((await send('shop')).status, 201);
});

t.test('no device token is stored, in the database or in the cache', async (t) => {
  const { cache, entries } = memoryCache();
  const { one, registry } = registering(memoryRegistry('demo'), cache);
  const { body } = await one(registerEvent(registration(), { key: 'k' }));
  t.equal(entries.size, 1);
  const kept = JSON.stringify([...registry.answers.values(), ...entries.values()]);
  t.ok(kept.includes(body.deviceId));
  t.notOk(kept.includes('dt_'));
});

t.test('a key of any length or of odd characters is one key, and distinct', async (t) => {
  const { one, registry } = registering();
  const keys = ['x'.repeat(5_000), `${'x'.repeat(5_000)}y`, 'a\u0000b', 'ab', '"', 'ключ'];
  const answers = [];
  for (const [index, key] of keys.entries()) {
    const body = registration({ installationId: 'installation-0', locale: `l${index}` });
    const token = answers[0]?.body.deviceToken;
    const answer = await one(registerEvent(body, { key, token }));
    answers.push(answer);
    t.same(await one(registerEvent(body, { key, token })), answer);
  }
  t.equal(registry.answers.size, keys.length);
  for (const { key } of registry.answers.values()) {
    t.ok(key.length < 300);
    t.notOk(key.includes('\u0000'));
  }
});

t.test('an id of two-unit characters is not cut into half of one', async (t) => {
  const { one, registry } = registering();
  const installationId = `a${'😀'.repeat(99)}`;
  const event = registerEvent(registration({ installationId }), { key: 'k' });
  t.equal((await one(event)).status, 201);
  for (const { scope } of registry.answers.values())
    t.ok(scope.isWellFormed(), 'or PostgreSQL takes none of it');
});
