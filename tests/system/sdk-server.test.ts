import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { v7 } from 'uuid';
import { ROOT } from '../../infra/local/paths.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { createClient, createEvent, SDK, signUserToken } from '../../sdk/server/src/index.ts';
import { installServerSdk } from '../support/server-sdk.ts';
import { tempDir } from '../support/temp-dir.ts';
import { TEST_IDENTITY_SECRET } from '../support/test-clients.ts';
import { analytics, closePools, key, registry, run } from './api.ts';

t.teardown(closePools);

const clientOf = (value: string) => createClient({ endpoint: run.proxyUrl, key: value });
const device = () => ({ installationId: randomUUID() as string, platform: 'web' as const });

t.test('a registration with a user token, its topics, its end', async (t) => {
  const client = clientOf(key('strict'));
  const userId = `reader-${randomUUID()}`;
  const token = await signUserToken({ secret: TEST_IDENTITY_SECRET, userId, expiresIn: 60 });
  const body = { property: 'www', user: { id: userId, token }, device: device() };
  const { data, response } = await client.POST('/v1/registrations', { body });
  t.equal(response.status, 201);
  t.same(
    await registry('select user_verified from device where id = $1::uuid', data.deviceId),
    [{ user_verified: true }],
    'the token was believed',
  );
  const header = { 'X-Device-Token': data.deviceToken ?? '' };
  const topics = { registrationId: data.registrationId, topics: ['sport'] };
  const joined = await client.POST('/v1/subscriptions', { body: topics, params: { header } });
  t.same(joined.data, [{ name: 'sport', state: 'joined' }]);
  const params = { path: { id: data.registrationId }, header };
  const gone = await client.DELETE('/v1/registrations/{id}', { params });
  t.same([gone.response.status, gone.data], [204, undefined]);

  const forged = await signUserToken({ secret: 'of somebody else', userId });
  await t.rejects(
    client.POST('/v1/registrations', { body: { ...body, user: { id: userId, token: forged } } }),
    { name: 'PistatsError', code: 'user_token_invalid', status: 403 },
  );
});

t.test('events with context and seq are rows, once', async (t) => {
  const client = clientOf(key('first'));
  const context = { property: 'www', installationId: randomUUID(), sessionId: v7(), sdk: SDK };
  const events = ['page_view', 'article.read'].map((type, at) => ({ ...createEvent(type), seq: at + 1 }));
  for (const _ of [1, 2]) {
    const { data } = await client.POST('/v1/events', { body: { context, events } });
    t.same(data, { accepted: 2 });
  }
  const rows = await waitUntil('both events', async () => {
    const found = await analytics(
      'select event_id, seq, sdk from events where session_id = $1 order by seq',
      context.sessionId,
    );
    return found.length >= 2 ? found : null;
  });
  t.match(
    rows,
    events.map(({ id, seq }) => ({ event_id: id, seq, sdk: `${SDK.name}/${SDK.version}` })),
  );
});

t.test('what is refused has its code, and what is wrong with a body its place', async (t) => {
  const body = { property: 'www', device: device() };
  const register = (value: string, given: typeof body = body) =>
    clientOf(value).POST('/v1/registrations', { body: given });
  await t.rejects(register('pk_first_0123456789abcdefghijklmnopq'), { code: 'key_invalid', status: 401 });
  await t.rejects(register(key('first', 'expired')), { code: 'key_expired', status: 401 });
  await t.rejects(register(key('first', 'sk')), { code: 'key_kind', status: 403 });
  await t.rejects(register(key('first'), { ...body, property: 'nowhere' }), { code: 'property_unknown' });
  const short = { ...body, device: { ...body.device, installationId: 'x' } };
  const error = await register(key('first'), short).catch((reason) => reason);
  t.match(error, { code: 'body_invalid', status: 400, errors: [{ pointer: '/device/installationId' }] });
  t.type(error.requestId, 'string');
});

t.test('the example of README works as it stands', async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, block = ''] = /sdk-server\.test\.ts -->\n\n((?: {4}.*\n|\n)+?)\n#/.exec(readme) ?? [];
  const project = tempDir(t);
  await installServerSdk(project);
  writeFileSync(join(project, 'example.mjs'), block.replace(/^ {4}/gm, ''));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['example.mjs'], {
    cwd: project,
    env: { ...env, GATEWAY: run.proxyUrl, KEY: key('strict'), IDENTITY_SECRET: TEST_IDENTITY_SECRET },
  });
  const rows = await registry('select 1 as one from device where installation_id = $1', 'my-server-1');
  t.same(rows, [{ one: 1 }]);
  t.match(stdout, /^[0-9a-f-]{36}\n$/);
});
