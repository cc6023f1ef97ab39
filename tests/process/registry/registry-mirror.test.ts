import { randomUUID } from 'node:crypto';
import t from 'tap';
import { createPrismaLeaveStore } from '../../../lambdas/adapters/prisma-leave-store.ts';
import { createPrismaMirrorStore } from '../../../lambdas/adapters/prisma-mirror-store.ts';
import type { MirrorResult, PendingMirror } from '../../../lambdas/ports/mirror-store.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, leaveEvent, registerEvent, registration, removeEvent } from '../../support/requests.ts';

const database = await registryDatabase(t, {
  name: 'demo',
  properties: ['www'],
  firebaseProject: 'project-1',
});
const functions = environment(t, database.writerUrl);
const store = createPrismaMirrorStore(functions.registry);
const rival = createPrismaMirrorStore(environment(t, database.writerUrl).registry);
const LEASE = 60_000;

async function subscribed(...topics: string[]) {
  const address = { kind: 'fcm_token', value: `token-${randomUUID()}` };
  const request = registration({ installationId: randomUUID(), address });
  const { body } = await functions.one(registerEvent(request));
  const options = () => ({ token: body.deviceToken });
  await functions.subscribe(joinEvent(body.registrationId, topics, options()));
  return { request, address, body, options };
}
const rows = (deviceId: string) =>
  database.rows('select * from subscription where device_id = $1 order by topic', deviceId);
const result = (row: PendingMirror, changes: Partial<MirrorResult> = {}): MirrorResult => ({
  row,
  mirror: 'mirrored',
  error: null,
  after: new Date(),
  dead: false,
  ...changes,
});
const claimed = async (deviceId: string) =>
  (await store.claim(1_000, LEASE)).filter((row) => row.deviceId === deviceId);
t.afterEach(() => database.rows('delete from subscription'));

t.test('what waits is claimed once: the lease keeps other runs off, and ends', async (t) => {
  const { address, body } = await subscribed('news', 'sport');
  const [mine, theirs] = await Promise.all([store.claim(1, LEASE), rival.claim(1_000, LEASE)]);
  t.equal(mine.length + theirs.length, 2);
  t.same([...mine, ...theirs].map(({ topic }) => topic).sort(), ['news', 'sport']);
  t.match(mine[0] ?? theirs[0], {
    clientId: 'demo',
    deviceId: body.deviceId,
    state: 'joined',
    attempts: 0,
    firebaseProject: 'project-1',
    addressKind: 'fcm_token',
    addressState: 'live',
    addressValue: address.value,
  });
  t.same(await store.claim(1_000, LEASE), []);
  await database.rows('update subscription set mirror_after = now()');
  t.equal((await rival.claim(1_000, LEASE)).length, 2, 'a run that died leaves them to the next');
});

t.test('what became of it is kept, and a later try comes when it is due', async (t) => {
  const { body } = await subscribed('a', 'b', 'c');
  const [a, b, c] = (await claimed(body.deviceId)).sort((x, y) => x.topic.localeCompare(y.topic));
  const later = new Date(Date.now() + 3_600_000);
  await store.save([
    result(a as PendingMirror),
    result(b as PendingMirror, { mirror: 'pending', error: 'quota', after: later }),
    result(c as PendingMirror, { mirror: 'failed', error: 'quota' }),
  ]);
  t.match(await rows(body.deviceId), [
    { mirror: 'mirrored', attempts: 1, mirror_error: null },
    { mirror: 'pending', attempts: 1, mirror_error: 'quota', mirror_after: later },
    { mirror: 'failed', attempts: 1, mirror_error: 'quota' },
  ]);
  t.same(await claimed(body.deviceId), []);
  await database.rows('update subscription set mirror_after = now()');
  t.match(await claimed(body.deviceId), [{ topic: 'b', attempts: 1 }]);
});

t.test('a change that came while FCM was asked is not overwritten', async (t) => {
  const { body, options } = await subscribed('sport');
  const [row] = await claimed(body.deviceId);
  await functions.subscribe(leaveEvent(body.registrationId, ['sport'], options()));
  await store.save([result(row as PendingMirror)]);
  t.match(await rows(body.deviceId), [{ state: 'left', mirror: 'pending', attempts: 0 }]);
  t.match(await claimed(body.deviceId), [{ state: 'left' }]);
});

t.test('a dead address is retired; one that came meanwhile is not', async (t) => {
  const { request, body, options } = await subscribed('sport');
  const [row] = await claimed(body.deviceId);
  const device = async () => (await database.rows('select * from device where id = $1', body.deviceId))[0];
  const dead = () => result(row as PendingMirror, { mirror: 'none', error: 'gone', dead: true });
  await store.save([dead()]);
  t.match(await device(), { address_state: 'dead' });
  const address = { kind: 'fcm_token', value: 'the new one' };
  await functions.register(registerEvent(registration({ ...request.device, address }), options()));
  t.match(await device(), { address_state: 'live', address_value: 'the new one' });
  await store.save([dead()]);
  t.match(await device(), { address_state: 'live' });
});

t.test('a new address joins the topics of the old one; any other change tells FCM nothing', async (t) => {
  const { request, body, options } = await subscribed('a', 'b');
  await functions.subscribe(leaveEvent(body.registrationId, ['b'], options()));
  await store.save((await claimed(body.deviceId)).map((row) => result(row)));
  const refresh = (device: object) =>
    functions.one(registerEvent(registration({ ...request.device, ...device }), options()));
  t.equal((await refresh({ locale: 'fr' })).status, 200);
  t.same(await claimed(body.deviceId), []);
  const address = { kind: 'fcm_token', value: 'the new one' };
  t.equal((await refresh({ address, locale: 'fr' })).status, 200);
  t.match(await claimed(body.deviceId), [
    { topic: 'a', state: 'joined', attempts: 0, addressValue: 'the new one' },
  ]);
});

t.test(
  'a device that goes takes its subscriptions with it; saving what became of them is harmless',
  async (t) => {
    const { body, options } = await subscribed('sport');
    const waiting = await claimed(body.deviceId);
    t.match(await functions.one(removeEvent(body.registrationId, options())), { status: 204 });
    t.same(await rows(body.deviceId), []);
    await store.save(waiting.map((row) => result(row, { dead: true })));
  },
);

t.test('answers are forgotten when nobody can ask for them any more', async (t) => {
  const key = `k-${randomUUID()}`;
  const event = () => registerEvent(registration({ installationId: randomUUID() }), { key });
  await functions.register(event(), event());
  await database.rows(
    `update idempotency set created_at = now() - interval '8 days'
     where scope = (select min(scope) from idempotency where key = $1) and key = $1`,
    `key:${key}`,
  );
  t.equal(await store.purgeAnswers(new Date(Date.now() - 7 * 86_400_000)), 1);
  t.equal((await database.rows('select 1 from idempotency where key = $1', `key:${key}`)).length, 1);
});

const leaves = createPrismaLeaveStore(functions.registry);
const waiting = (address: string) =>
  database.rows('select * from topic_leave where address_value = $1 order by topic', address);
const leaving = async (address: string) =>
  (await leaves.claim(1_000, LEASE)).filter(({ addressValue }) => addressValue === address);

t.test('a device that opts out is taken out of its topics, although it is gone', async (t) => {
  const { address, body, options } = await subscribed('news', 'sport');
  await functions.one(removeEvent(body.registrationId, options()));
  t.same(await rows(body.deviceId), []);
  const rowsLeft = await leaving(address.value);
  t.match(
    rowsLeft.map(({ topic, state, firebaseProject }) => ({ topic, state, firebaseProject })),
    ['news', 'sport'].map((topic) => ({ topic, state: 'left', firebaseProject: 'project-1' })),
  );
  const [done, again] = rowsLeft as [PendingMirror, PendingMirror];
  const after = new Date(Date.now() - 1_000);
  await leaves.save([result(done), result(again, { mirror: 'pending', error: 'busy', after })]);
  t.match(await waiting(address.value), [{ topic: again.topic, attempts: 1, mirror_error: 'busy' }]);
  const [later] = await leaving(address.value);
  await leaves.save([result(later as PendingMirror, { mirror: 'failed', error: 'gone' })]);
  t.same(await waiting(address.value), [], 'given up: nothing is left behind');
});

t.test('a device that comes back with its address is not taken out again', async (t) => {
  const { address, request, body, options } = await subscribed('news');
  await functions.one(removeEvent(body.registrationId, options()));
  t.equal((await waiting(address.value)).length, 1);
  const { body: anew } = await functions.one(registerEvent(request));
  await functions.subscribe(joinEvent(anew.registrationId, ['news'], { token: anew.deviceToken }));
  const joined = await claimed(anew.deviceId);
  t.match(joined, [{ topic: 'news', state: 'joined' }]);
  await store.save(joined.map((row) => result(row)));
  t.same(await waiting(address.value), []);
});

t.test('two devices with one address that go together, and one without an address', async (t) => {
  const shared = await subscribed('news');
  const twin = registration({ installationId: randomUUID(), address: shared.address });
  const { body } = await functions.one(registerEvent(twin));
  await functions.subscribe(joinEvent(body.registrationId, ['news'], { token: body.deviceToken }));
  const silent = registration({ installationId: randomUUID() });
  const { body: mute } = await functions.one(registerEvent(silent));
  await functions.subscribe(joinEvent(mute.registrationId, ['news'], { token: mute.deviceToken }));
  const answers = await functions.register(
    removeEvent(shared.body.registrationId, shared.options()),
    removeEvent(body.registrationId, { token: body.deviceToken }),
    removeEvent(mute.registrationId, { token: mute.deviceToken }),
  );
  t.same(
    answers.map(({ status }) => status),
    [204, 204, 204],
  );
  t.equal((await waiting(shared.address.value)).length, 1);
});
