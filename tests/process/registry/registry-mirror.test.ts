import { randomUUID } from 'node:crypto';
import pg from 'pg';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createPrismaMirrorStore } from '../../../lambdas/adapters/prisma-mirror-store.ts';
import type { ClaimedMirror, MirrorOutcome } from '../../../lambdas/ports/mirror-store.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, leaveEvent, registerEvent, registration, removeEvent } from '../../support/requests.ts';

const PROJECT = 'project-1';
const database = await registryDatabase(
  t,
  { name: 'demo', properties: ['www'], firebaseProject: PROJECT },
  { name: 'bare', properties: ['www'] },
);
const functions = environment(t, database.writerUrl);
const store = createPrismaMirrorStore(functions.registry);
const rival = createPrismaMirrorStore(environment(t, database.writerUrl).registry);
const LEASE = 60_000;
t.afterEach(() => database.rows('delete from topic_mirror'));

interface Site {
  client?: string;
  address?: { kind: string; value: string };
}

/** A device that joined topics. */
async function joined({ client = 'demo', address = fcmToken() }: Site, ...topics: string[]) {
  const request = registration({ installationId: randomUUID(), address });
  const { body } = await functions.one(registerEvent(request, { client }));
  const options = () => ({ client, token: body.deviceToken });
  const join = (...some: string[]) => functions.subscribe(joinEvent(body.registrationId, some, options()));
  if (topics.length > 0) await join(...topics);
  return {
    address: address.value,
    deviceId: body.deviceId,
    join,
    leave: (...some: string[]) => functions.subscribe(leaveEvent(body.registrationId, some, options())),
    change: (device: object) =>
      functions.one(registerEvent(registration({ ...request.device, ...device }), options())),
    optOut: () => functions.one(removeEvent(body.registrationId, options())),
  };
}
const fcmToken = (value = `token-${randomUUID()}`) => ({ kind: 'fcm_token', value });
const rows = (address: string) =>
  database.rows(
    'select * from topic_mirror where address_value = $1 order by topic, firebase_project',
    address,
  );
const claim = async (address: string, project = PROJECT) =>
  (await store.claim(project, 1_000, LEASE))
    .filter(({ addressValue }) => addressValue === address)
    .sort((a, b) => a.topic.localeCompare(b.topic));
const settle = (claimed: ClaimedMirror[], outcome: MirrorOutcome) =>
  store.settle(claimed.map((row) => ({ row, outcome })));
const asked = (claimed: ClaimedMirror[]) => claimed.map(({ action, topic }) => `${action} ${topic}`);
const JOINED: MirrorOutcome = { result: 'joined' };
const GONE: MirrorOutcome = { result: 'gone', dead: false };
/** As FCM would answer everything that is asked of it. */
async function mirror(address: string, project = PROJECT) {
  const claimed = await claim(address, project);
  for (const row of claimed)
    await settle([row], row.action === 'join' ? JOINED : row.action === 'wait' ? { result: 'waits' } : GONE);
  return asked(claimed);
}

t.test('what waits is claimed once: the lease keeps other runs off, and ends', async (t) => {
  const { address } = await joined({}, 'news', 'sport');
  t.same(await store.projects(), [PROJECT]);
  const [mine, theirs] = await Promise.all([
    store.claim(PROJECT, 1, LEASE),
    rival.claim(PROJECT, 1_000, LEASE),
  ]);
  t.same([...mine, ...theirs].map(({ topic }) => topic).sort(), ['news', 'sport']);
  t.match(mine[0] ?? theirs[0], {
    clientId: 'demo',
    addressValue: address,
    firebaseProject: PROJECT,
    attempts: 0,
    action: 'join',
  });
  t.same(await store.claim(PROJECT, 1_000, LEASE), []);
  await database.rows(`update topic_mirror set leased_until = now()`);
  t.equal((await rival.claim(PROJECT, 1_000, LEASE)).length, 2, 'a run that died leaves them to the next');
});

t.test('what became of it is kept; a later try comes when it is due, and it is never given up', async (t) => {
  const { address } = await joined({}, 'a', 'b', 'c');
  const [a, b, c] = (await claim(address)) as [ClaimedMirror, ClaimedMirror, ClaimedMirror];
  const dueAt = new Date(Date.now() + 3_600_000);
  await settle([a], JOINED);
  await settle([b], { result: 'later', error: 'quota', dueAt });
  await settle([c], { result: 'released' });
  t.match(await rows(address), [
    { state: 'mirrored', attempts: 0, error: null },
    { state: 'pending', attempts: 1, error: 'quota', due_at: dueAt },
    { state: 'pending', attempts: 0, error: null },
  ]);
  t.same(asked(await claim(address)), ['join c']);
  await database.rows(`update topic_mirror set due_at = now(), attempts = 1000 where topic = 'b'`);
  const [again] = (await claim(address)) as [ClaimedMirror];
  t.match(again, { topic: 'b', attempts: 1_000, action: 'join' });
  await settle([again], { result: 'later', error: 'quota', dueAt: new Date() });
  t.same(asked(await claim(address)), ['join b']);
});

t.test('a change that came while FCM was asked is asked again, after the first has ended', async (t) => {
  const { address, leave } = await joined({}, 'sport');
  const first = await claim(address);
  await leave('sport');
  t.same(await claim(address), [], 'one call at a time for an address and a topic');
  await settle(first, JOINED);
  t.match(await rows(address), [{ state: 'pending', attempts: 0 }]);
  const second = await claim(address);
  t.same(asked(second), ['leave sport']);
  await settle(second, GONE);
  t.same(await rows(address), [], 'FCM has nothing of it any more');
});

t.test('joined and left before FCM heard of it: there is nothing to tell', async (t) => {
  const { address, leave } = await joined({}, 'sport');
  await leave('sport');
  t.same(await mirror(address), ['forget sport']);
  t.same(await rows(address), []);
});

t.test('two installations with one address: FCM loses it when the last one leaves', async (t) => {
  const one = await joined({}, 'news', 'sport');
  const two = await joined({ address: fcmToken(one.address) }, 'news', 'sport');
  t.same(await mirror(one.address), ['join news', 'join sport'], 'asked for once');
  await one.leave('news');
  t.same(await mirror(one.address), ['join news'], 'it stays, and is told again');
  await one.optOut();
  t.same(await mirror(one.address), ['join news', 'join sport'], 'as when the other device goes');
  await two.leave('sport');
  await two.optOut();
  t.same(await mirror(one.address), ['leave news', 'leave sport']);
  t.same(await rows(one.address), []);
});

t.test('two clients with one address are none of each other’s business', async (t) => {
  const ours = await joined({}, 'news');
  const theirs = await joined({ client: 'bare', address: fcmToken(ours.address) }, 'news');
  await mirror(ours.address);
  await theirs.optOut();
  t.same(await claim(ours.address), []);
  t.match(await rows(ours.address), [
    { client_id: 'bare', state: 'pending' },
    { client_id: 'demo', state: 'mirrored' },
  ]);
});

t.test(
  'a new address joins the topics of the old one, which leaves them; other changes tell FCM nothing',
  async (t) => {
    const device = await joined({}, 'a', 'b');
    await mirror(device.address);
    await device.leave('b');
    await mirror(device.address);
    t.equal((await device.change({ address: fcmToken(device.address), locale: 'fr' })).status, 200);
    t.same(await mirror(device.address), []);
    const address = fcmToken();
    t.equal((await device.change({ address })).status, 200);
    const claimed = await store.claim(PROJECT, 1_000, LEASE);
    t.same(claimed.map(({ action, topic, addressValue }) => [action, topic, addressValue]).sort(), [
      ['join', 'a', address.value],
      ['leave', 'a', device.address],
    ]);
    for (const row of claimed) await settle([row], row.action === 'join' ? JOINED : GONE);
    t.same(await rows(device.address), []);
    await device.optOut();
    t.same(await mirror(address.value), ['leave a']);
  },
);

t.test(
  'an address of another kind takes the old one out; those that are not FCM’s are no business of it',
  async (t) => {
    for (const kind of ['fid', 'webpush']) {
      const device = await joined({}, 'a');
      await mirror(device.address);
      t.equal((await device.change({ address: { kind, value: device.address } })).status, 200);
      t.same(await mirror(device.address), ['leave a'], kind);
    }
    const silent = await joined({ address: { kind: 'webpush', value: '{}' } }, 'a');
    t.same(await rows(silent.address), []);
  },
);

t.test(
  'a device that opts out leaves, one that comes back joins, in whatever order FCM hears of it',
  async (t) => {
    const device = await joined({}, 'news');
    await mirror(device.address);
    await device.optOut();
    const leaving = await claim(device.address);
    t.same(asked(leaving), ['leave news']);
    await joined({ address: fcmToken(device.address) }, 'news');
    await settle(leaving, GONE);
    t.same(await mirror(device.address), ['join news']);
    t.match(await rows(device.address), [{ state: 'mirrored' }]);
  },
);

t.test('a dead address is taken off all its devices and topics; a new one is alive', async (t) => {
  const one = await joined({}, 'a', 'b');
  const two = await joined({ address: fcmToken(one.address) }, 'a');
  const [first] = await claim(one.address);
  await settle([first as ClaimedMirror], { result: 'gone', dead: true });
  t.same(await rows(one.address), []);
  const states = () =>
    database.rows('select address_state from device where id = any($1)', [one.deviceId, two.deviceId]);
  t.same(await states(), [{ address_state: 'dead' }, { address_state: 'dead' }]);
  await two.join('c');
  t.same(await rows(one.address), [], 'FCM hears nothing more of it');
  const address = fcmToken();
  await two.change({ address });
  t.same(await mirror(address.value), ['join a', 'join c']);
});

t.test('a Firebase project that comes later reaches those who joined before', async (t) => {
  const { address } = await joined({ client: 'bare' }, 'a', 'b');
  t.same(await mirror(address, ''), ['wait a', 'wait b']);
  t.match(await rows(address), [{ state: 'none' }, { state: 'none' }]);
  t.same(await store.projects(), []);
  const set = (project: string | null) =>
    database.rows(`update client set firebase_project = $1 where name = 'bare'`, project);
  await set('project-2');
  t.same(await mirror(address, ''), ['forget a', 'forget b']);
  t.same(await mirror(address, 'project-2'), ['join a', 'join b']);
  t.match(await rows(address), Array(2).fill({ firebase_project: 'project-2', state: 'mirrored' }));

  await set('project-3');
  t.same(await mirror(address, 'project-2'), ['leave a', 'leave b'], 'the project before has them no more');
  t.same(await mirror(address, 'project-3'), ['join a', 'join b']);
  await set('project-2');
  await mirror(address, 'project-3');
  t.same(await mirror(address, 'project-2'), ['join a', 'join b'], 'and back');

  await set(null);
  t.same(await mirror(address, 'project-2'), ['leave a', 'leave b']);
  await set('project-2');
  const { address: other } = await joined({ client: 'bare' }, 'a');
  t.same(await mirror(other, 'project-2'), ['join a']);
  await set(null);
});

t.test('a change of the project that a subscription did not see yet reaches it nevertheless', async (t) => {
  const { address } = await joined({}, 'a');
  await mirror(address);
  // as a function leaves it whose statement began before the change and ended after it
  await database.rows(`update client set firebase_project = 'project-9' where name = 'demo'`);
  await database.rows('delete from topic_mirror');
  await database.rows(
    `insert into topic_mirror (client_id, address_value, topic, firebase_project) values ('demo', $1, 'a', $2)`,
    address,
    PROJECT,
  );
  t.same(await mirror(address), ['forget a']);
  t.same(await mirror(address, 'project-9'), ['join a']);
  await database.rows(`update client set firebase_project = $1 where name = 'demo'`, PROJECT);
});

/** Whether a session waits for a lock. */
const somebodyWaits = () =>
  waitUntil('a session to wait for a lock', async () => {
    const waiting = await database.rows(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  });

t.test('topics and address changed at once: whoever comes second sees the other', async (t) => {
  const other = environment(t, database.writerUrl);
  for (const first of ['subscription', 'address'] as const) {
    const device = await joined({}, 'a');
    await mirror(device.address);
    const address = fcmToken().value;
    const subscribe = `insert into subscription (client_id, device_id, topic, state, updated_at)
      values ('demo', '${device.deviceId}', 'b', 'joined', now())`;
    const move = `update device set address_value = '${address}' where id = '${device.deviceId}'`;
    await database.rows(`insert into topic (client_id, name) values ('demo', 'b') on conflict do nothing`);
    const [one, two] = first === 'subscription' ? [subscribe, move] : [move, subscribe];
    const connection = await database.pool.connect();
    await connection.query('begin');
    await connection.query(one);
    const second = other.registry.prisma.$executeRawUnsafe(two);
    second.catch(() => {});
    await somebodyWaits();
    await connection.query('commit');
    connection.release();
    await second;
    const claimed = await store.claim(PROJECT, 1_000, LEASE);
    const of = (value: string) => asked(claimed.filter(({ addressValue }) => addressValue === value)).sort();
    t.same(of(address), ['join a', 'join b'], `${first} first`);
    t.ok(of(device.address).includes('leave a'));
    t.notOk(of(device.address).some((one) => one.startsWith('join')));
    for (const row of claimed) await settle([row], row.action === 'join' ? JOINED : GONE);
  }
});

t.test('what waits is counted by project', async (t) => {
  const { address } = await joined({}, 'a', 'b');
  await joined({ client: 'bare' }, 'a');
  const [a] = await claim(address);
  await settle([a as ClaimedMirror], { result: 'later', error: 'quota', dueAt: new Date() });
  t.match(await store.backlog(), [
    { firebaseProject: '', pending: 1, retried: 0 },
    { firebaseProject: PROJECT, pending: 2, retried: 1 },
  ]);
  for (const { oldestS } of await store.backlog()) t.ok(oldestS >= 0 && oldestS < 60);
});

t.test('an erasure by a reader of the client marks what FCM must forget', async (t) => {
  const { address, deviceId } = await joined({}, 'a');
  await mirror(address);
  const reader = new pg.Client({ connectionString: database.readerUrl });
  await reader.connect();
  t.teardown(() => reader.end());
  await reader.query(`begin; select set_config('pistats.client', 'demo', true)`);
  t.equal((await reader.query('delete from device where id = $1', [deviceId])).rowCount, 1);
  await reader.query('commit');
  t.same(await mirror(address), ['leave a']);
});

t.test('answers are forgotten when nobody can ask for them any more', async (t) => {
  const key = `k-${randomUUID()}`;
  const event = () => registerEvent(registration({ installationId: randomUUID() }), { key });
  await functions.register(event(), event());
  await database.rows(
    `update idempotency set created_at = now() - interval '8 days'
     where scope = (select min(scope) from idempotency where key = $1) and key = $1`,
    `key:${key}`,
  );
  const before = new Date(Date.now() - 7 * 86_400_000);
  t.equal(await store.purgeAnswers(before), 1);
  t.equal(await store.purgeAnswers(before), 0);
  t.equal((await database.rows('select 1 from idempotency where key = $1', `key:${key}`)).length, 1);
});
