import { randomUUID } from 'node:crypto';
import t from 'tap';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import {
  joinEvent,
  leaveEvent,
  registerEvent,
  registration,
  removeEvent,
  tokens,
} from '../../support/requests.ts';
import { startProxy } from './registry-proxy.ts';

const database = await registryDatabase(t, 'first', 'second');
const one = environment(t, database.writerUrl);
const other = environment(t, database.writerUrl);

const fresh = (more: Record<string, unknown> = {}) => registration({ installationId: randomUUID(), ...more });
const events = (bodies: ReturnType<typeof fresh>[], client = 'first') =>
  bodies.map((body) => registerEvent(body, { client }));
const facts = async (deviceId: string) =>
  (await database.rows(`select id from fact where data ->> 'deviceId' = $1`, deviceId)).length;
const deviceCount = async (installations: string[]) =>
  (await database.rows('select id from device where installation_id = any($1)', installations)).length;

t.test('one installation at two functions at once: one row, one fact', async (t) => {
  for (let round = 0; round < 10; round++) {
    const body = fresh({ locale: 'de' });
    const event = () => registerEvent(body, { client: 'first' });
    const [a, b] = await Promise.all([one.one(event()), other.one(event())]);
    t.same([a.status, b.status].sort(), [200, 201]);
    t.equal(a.body.deviceId, b.body.deviceId);
    t.same(a.events, b.events);
    t.equal(await facts(a.body.deviceId), 1);
    t.equal(await deviceCount([body.device.installationId]), 1);
  }
});

t.test('one request at two functions at once: the same answer from both', async (t) => {
  for (let round = 0; round < 10; round++) {
    const body = fresh();
    const event = () => registerEvent(body, { client: 'first', requestId: `same-${round}` });
    const [a, b] = await Promise.all([one.one(event()), other.one(event())]);
    t.equal(a.status, 201);
    t.same(b, a);
  }
});

t.test('batches over the same rows in opposite orders neither dead-lock nor lose anything', async (t) => {
  for (let round = 0; round < 5; round++) {
    const bodies = Array.from({ length: 60 }, () => fresh());
    const made = await Promise.all([
      one.register(...events(bodies)),
      other.register(...events(bodies.toReversed())),
    ]);
    for (const answers of made) t.ok(answers.every(({ status }) => status === 200 || status === 201));
    const installations = bodies.map(({ device }) => device.installationId as string);
    t.equal(await deviceCount(installations), 60);
    const token = new Map(
      made[0].map(({ body }, at) => [bodies[at], tokens.issue('first', body.deviceId)] as const),
    );
    const change = (changes: object) => (body: (typeof bodies)[number]) =>
      registerEvent(
        { ...body, device: { ...body.device, ...changes } },
        { client: 'first', token: token.get(body) },
      );
    const changed = await Promise.all([
      one.register(...bodies.map(change({ locale: 'de' }))),
      other.register(...bodies.toReversed().map(change({ timeZone: 'UTC' }))),
    ]);
    t.ok(changed.flat().every(({ status }) => status === 200));
    const rows = await database.rows(
      `select 1 from device where installation_id = any($1) and locale = 'de' and time_zone = 'UTC'`,
      installations,
    );
    t.equal(rows.length, 60, 'both changes of every device');
  }
});

t.test('subscriptions in opposite orders: every topic is joined', async (t) => {
  const devices = await one.register(...events(Array.from({ length: 20 }, () => fresh())));
  const topics = Array.from({ length: 50 }, (_, index) => `topic-${index}`);
  const join = ({ body }: (typeof devices)[number], names: string[]) =>
    joinEvent(body.registrationId, names, { client: 'first', token: body.deviceToken });
  const answers = await Promise.all([
    one.subscribe(...devices.map((device) => join(device, topics))),
    other.subscribe(...devices.toReversed().map((device) => join(device, topics.toReversed()))),
  ]);
  t.ok(answers.flat().every(({ status }) => status === 200));
  const ids = devices.map(({ body }) => body.deviceId);
  const rows = await database.rows(
    `select 1 from subscription where device_id = any($1) and state = 'joined'`,
    ids,
  );
  t.equal(rows.length, 20 * 50);
});

t.test('a batch costs at most six statements, BEGIN and COMMIT counted', async (t) => {
  const proxy = await startProxy(t, database.writerUrl);
  const counted = environment(t, proxy.url);
  await counted.one(registerEvent(fresh(), { client: 'first' }));
  const known = Array.from({ length: 50 }, () => fresh());
  const made = await counted.register(...events(known));
  const token = (at: number) => made[at]?.body.deviceToken;
  proxy.statements.length = 0;
  const answers = await counted.register(
    ...events(
      Array.from({ length: 100 }, () => fresh()),
      'second',
    ),
    ...events(known.slice(0, 20)),
    ...known.slice(20, 40).map((body, index) => {
      const changed = { ...body, user: { id: `reader-${index}` } };
      return registerEvent(changed, { client: 'first', token: token(index + 20) });
    }),
    ...made.slice(40).map(({ body }) => {
      return removeEvent(body.registrationId, { client: 'first', token: body.deviceToken });
    }),
  );
  t.same(
    answers.map(({ status }) => status),
    [...Array(100).fill(201), ...Array(40).fill(200), ...Array(10).fill(204)],
  );
  const count = () => proxy.statements.length;
  t.ok(count() >= 2 && count() <= 6, `${count()} statements`);
  proxy.statements.length = 0;
  const joins = made.slice(0, 40).map(({ body }) => {
    return joinEvent(body.registrationId, ['a', 'b'], { client: 'first', token: body.deviceToken });
  });
  t.ok((await counted.subscribe(...joins)).every(({ status }) => status === 200));
  t.ok(count() >= 2 && count() <= 6, `${count()} statements`);
});

t.test('a repeat and an unchanged registration tell the fact as it was first told', async (t) => {
  const page = { url: 'https://www.example.com/ä?x=1', referrer: '' };
  const body = { ...fresh({ locale: 'de' }), page, user: { id: 'Zoë "1"\\' } };
  const event = () => registerEvent(body, { client: 'first', key: 'key-1' });
  const first = await one.one(event());
  t.equal(first.status, 201);
  t.same(await other.one(event()), first);
  t.same((await other.one(registerEvent(body, { client: 'first' }))).events, first.events);
});

t.test('removed and registered again within one batch', async (t) => {
  const body = fresh();
  const first = (await one.one(registerEvent(body, { client: 'first' }))).body;
  const answers = await one.register(
    removeEvent(first.registrationId, { client: 'first', token: first.deviceToken }),
    registerEvent(body, { client: 'first' }),
  );
  t.same(
    answers.map(({ status }) => status),
    [204, 201],
  );
  t.not(answers[1]?.body.deviceId, first.deviceId);
  t.equal(await deviceCount([body.device.installationId]), 1);
});

t.test('a value that PostgreSQL refuses harms its own request alone', async (t) => {
  const bodies = Array.from({ length: 9 }, () => fresh());
  const requests = bodies.map((body, at) =>
    // no header of HTTP can hold a lone surrogate: here it stands for whatever the contracts do not foresee
    registerEvent(body, { client: 'first', key: at === 5 ? 'k\ud800' : `k${at}` }),
  );
  t.same(
    (await one.register(...requests)).map(({ status, code }) => [status, code]),
    bodies.map((_, at) => (at === 5 ? [400, 'body_invalid'] : [201, undefined])),
  );
  t.equal(await deviceCount(bodies.map(({ device }) => device.installationId)), 8);
});

t.test('a topic may be called as what JavaScript objects have of their own', async (t) => {
  const { body } = await one.one(registerEvent(fresh(), { client: 'first' }));
  const options = () => ({ client: 'first', token: body.deviceToken });
  const join = () => joinEvent(body.registrationId, ['__proto__', 'constructor'], options());
  const [first, second] = [await one.subscribe(join()), await other.subscribe(join())];
  t.equal(first[0]?.events.length, 1);
  t.match(second[0], { status: 200, events: [] });
  const left = await one.subscribe(leaveEvent(body.registrationId, ['__proto__'], options()));
  t.equal(left[0]?.events.length, 1);
});
