import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import t from 'tap';
import { v7 } from 'uuid';
import { generateKey } from '../../contracts/api-key.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { runCommand } from '../support/command-line.ts';
import { TEST_IDENTITY_SECRET } from '../support/test-clients.ts';
import { type Answer, analytics, call, closePools, key, registration, registry, run } from './api.ts';
import { openStreamText } from './stream-text.ts';

t.teardown(closePools);

const rare = (name: string) => `${name}${randomBytes(18).toString('hex')}`;
/** An address of a network for documentation (RFC 5737), as nobody else here has it. */
const IP = `198.51.100.${100 + Math.floor(Math.random() * 100)}`;
const AGENT = { 'x-forwarded-for': IP, 'user-agent': 'Mozilla/5.0' };
const secretPart = (apiKey: string) => apiKey.slice(-20);

/** What must be found nowhere but where it is named below. */
const canaries: Record<string, string> = {
  'API key': secretPart(key('strict')),
  'secret API key': secretPart(key('strict', 'sk')),
  'wrong API key': secretPart(generateKey('pk', 'strict')),
  'FCM token': rare('fcm'),
  'FCM token that is gone': rare('gone'),
  'FCM token that fails': rare('internal'),
  'webpush endpoint': rare('endpoint'),
  'webpush key': rare('p256dh'),
  'refused push token': rare('refused'),
  'identity secret': TEST_IDENTITY_SECRET,
  'IP address': IP,
};
const wrongKey = `pk_strict_${randomBytes(20).toString('base64url').slice(0, 7)}${canaries['wrong API key']}`;

const stream = await openStreamText();
t.teardown(stream.close);
const answers: string[] = [];
async function send(method: string, path: string, options: Parameters<typeof call>[2] = {}): Promise<Answer> {
  const { key: apiKey = key('strict'), headers, ...rest } = options;
  const answer = await call(method, path, { key: apiKey, ...rest, headers: { ...AGENT, ...headers } });
  const { deviceToken, ...told } = answer.body ?? {};
  answers.push(JSON.stringify([told, [...answer.headers]]));
  return answer;
}

const device = (address: { kind: string; value: string }, rest: object = {}) => {
  const base = registration();
  return { ...base, device: { ...base.device, address }, ...rest };
};
const fcm = (name: string) => ({ kind: 'fcm_token', value: canaries[name] as string });
const webpush = {
  kind: 'webpush',
  value: JSON.stringify({
    endpoint: `https://push.example/${canaries['webpush endpoint']}`,
    keys: { p256dh: canaries['webpush key'], auth: canaries['webpush key'] },
  }),
};
const userToken = (id: string) =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(TEST_IDENTITY_SECRET));

/** What succeeds: every way on which a secret comes in. */
async function traffic(): Promise<void> {
  const id = `reader-${randomUUID()}`;
  const token = await userToken(id);
  canaries['user token'] = token.split('.').at(-1) as string;
  const devices = [
    device(fcm('FCM token'), { user: { id, token } }),
    device(fcm('FCM token that is gone')),
    device(fcm('FCM token that fails')),
    device(webpush),
  ];
  for (const [index, body] of devices.entries()) {
    const headers = { 'idempotency-key': randomUUID() };
    const made = await send('POST', '/v1/registrations', { body, headers });
    t.equal(made.status, 201);
    if (index === 0) canaries['device token'] = String(made.body.deviceToken).slice(-30);
    await send('POST', '/v1/registrations', { body, headers });
    const own = { 'x-device-token': made.body.deviceToken, 'idempotency-key': randomUUID() };
    const join = { registrationId: made.body.registrationId, topics: ['canary'] };
    t.equal((await send('POST', '/v1/subscriptions', { headers: own, body: join })).status, 200);
  }
  const beacon = { key: key('strict'), events: [{ id: v7(), type: 'x', time: new Date().toISOString() }] };
  const plain = { 'content-type': 'text/plain' };
  t.equal((await send('POST', '/v1/events', { body: beacon, headers: plain })).status, 202);
}

/** What fails: errors are where values get into a log. */
async function failures(): Promise<void> {
  const refused = canaries['refused push token'] as string;
  const body = device({ kind: 'fcm_token', value: refused });
  const stale = v7({ msecs: Date.now() - 8 * 86_400_000 });
  const event = { id: stale, type: 'x', time: new Date().toISOString(), data: { clientip: IP } };
  const token = { 'x-device-token': `dt_k1_${canaries['device token']}` };
  const failing: [number, string, string, Parameters<typeof call>[2]][] = [
    [401, 'POST', '/v1/registrations', { body, key: wrongKey }],
    [403, 'POST', '/v1/registrations', { body, key: key('strict', 'sk') }],
    [403, 'POST', '/v1/registrations', { body, headers: { origin: `https://${refused}.example` } }],
    [400, 'POST', '/v1/registrations', { body: `${JSON.stringify(body)}}` }],
    [400, 'POST', '/v1/registrations', { body: { ...body, unknown: refused } }],
    [400, 'POST', '/v1/registrations', { body: { ...body, property: refused } }],
    [400, 'POST', '/v1/registrations', { body: device({ kind: refused, value: refused }) }],
    [400, 'POST', '/v1/registrations', { body: device({ kind: 'fcm_token', value: `${refused}\u0000` }) }],
    [403, 'POST', '/v1/registrations', { body: { ...body, user: { id: 'x', token: refused } } }],
    [413, 'POST', '/v1/registrations', { body: refused.repeat(2_000) }],
    [404, 'DELETE', `/v1/registrations/${randomUUID()}`, { headers: token }],
    [
      404,
      'POST',
      '/v1/subscriptions',
      { headers: token, body: { registrationId: randomUUID(), topics: ['x'] } },
    ],
    [404, 'GET', `/v1/${refused}`, {}],
    [503, 'POST', '/v1/registrations', { body, key: key('ghost') }],
    [503, 'POST', '/v1/query', { body: { q: refused }, key: key('strict', 'sk') }],
    [202, 'POST', '/v1/events', { body: { events: [event] } }],
  ];
  for (const [status, method, path, options] of failing)
    t.equal((await send(method, path, options)).status, status, `${method} ${path.slice(0, 40)}`);
  await waitUntil(
    'the event with a wrong clock',
    async () =>
      (await analytics('select 1 from rejected_events where payload like $1', `%${stale}%`)).length > 0,
    { timeoutMs: 30_000 },
  );
}

/** FCM is asked: by its good tokens, and by those that it refuses. */
async function mirrored(): Promise<void> {
  const waiting = () =>
    registry(`select 1 from topic_mirror where topic = 'canary' and state = 'pending' and attempts = 0`);
  await waitUntil(
    'FCM to have been asked',
    async () => {
      const url = `${run.lambdaUrl}/2015-03-31/functions/pistats-reconcile/invocations`;
      answers.push(await (await fetch(url, { method: 'POST', body: '{}' })).text());
      return (await waiting()).length === 0;
    },
    { timeoutMs: 30_000 },
  );
}

/** Everything that is written or told anywhere, by its place. */
async function outputs(): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const name of ['gateway', 'plugin-server', 'lambda', 'postgresql', 'redis', 'kinesis', 'fcm', 'storm'])
    places.set(`log of ${name}`, readFileSync(join(run.logDir, `${name}.log`), 'utf8'));
  const get = async (url: string) => (await fetch(url)).text();
  places.set('metrics of the plugin server', await get(run.metricsUrl));
  const { statusPort } = JSON.parse(places.get('log of gateway')?.match(/^\{"ready":true.*$/m)?.[0] ?? '{}');
  // a real Kong says elsewhere where it listens
  for (const path of statusPort ? ['/status', '/status/ready', '/metrics'] : [])
    places.set(`gateway ${path}`, await get(`http://127.0.0.1:${statusPort}${path}`));
  places.set('answers', answers.join('\n'));
  places.set('the stream', await stream.read());
  for (const [database, query] of [
    ['registry', registry],
    ['analytics', analytics],
  ] as const) {
    const tables = await query<{ name: string }>(
      `select c.relname as name from pg_class c where relnamespace = 'public'::regnamespace
         and relkind in ('r', 'p') and not relispartition`,
    );
    for (const { name } of tables)
      places.set(`${database} ${name}`, JSON.stringify(await query(`select * from "${name}"`)));
  }
  const redis = new Redis(run.redisUrl);
  for (const name of await redis.keys('*'))
    places.set(
      `redis ${name}`,
      (await redis.type(name)) === 'string' ? `${name} ${await redis.get(name)}` : name,
    );
  redis.disconnect();
  return places;
}

t.test('traffic with secrets in every place of it, good and bad', async () => {
  await traffic();
  await failures();
  await mirrored();
});

const ADDRESS = ['registry device'];
const TOPICS = ['registry topic_mirror'];
/** Where each must be; nowhere else. */
const PLACES: Record<string, string[]> = {
  'FCM token': [...ADDRESS, ...TOPICS],
  'FCM token that is gone': ADDRESS,
  'FCM token that fails': [...ADDRESS, ...TOPICS],
  'webpush endpoint': ADDRESS,
  'webpush key': ADDRESS,
  'identity secret': ['registry client'],
  // the topology turns it into a country and a prefix, and lets go of it
  'IP address': ['the stream'],
};

t.test('each secret is where it must be, and in no other output', async (t) => {
  const found = await outputs();
  t.ok(found.size > 25, `${found.size} places`);
  t.equal(Object.keys(canaries).length, 13);
  for (const [what, canary] of Object.entries(canaries)) {
    const places = [...found].filter(([, text]) => text.includes(canary)).map(([place]) => place);
    t.same(places, PLACES[what] ?? [], what);
  }
});

t.test('commands tell none of them', async (t) => {
  const env = { PISTATS_RUN: undefined, DATABASE_URL: run.registryUrl, ANALYTICS_URL: run.analyticsUrl };
  const deck = ['--deck', run.deckFile];
  for (const args of [
    ['clients', 'list', ...deck],
    ['clients', 'list', '--json', ...deck],
    ['clients', 'add', 'strict', ...deck],
    ['keys', 'list', 'strict', ...deck],
    ['keys', 'revoke', 'strict', 'nothing', ...deck],
    ['deck', 'lint', ...deck],
    ['report'],
  ]) {
    const { code, stdout, stderr } = await runCommand(t, args, env);
    t.ok(code !== null && stdout + stderr !== '', args.join(' '));
    for (const [what, canary] of Object.entries(canaries))
      t.notOk((stdout + stderr).includes(canary), `${args.slice(0, 2).join(' ')}: ${what}`);
    t.notMatch(stdout + stderr, / {4}at .*:\d+:\d+/, 'no stack trace');
  }
});
