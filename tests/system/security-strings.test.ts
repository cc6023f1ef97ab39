import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { v7 } from 'uuid';
import { makeStorable } from '../../contracts/json-value.ts';
import { usableLocale, usableTimeZone, usableUrl } from '../../contracts/page-fields.ts';
import { ROUTES } from '../../contracts/routes.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { type Answer, analytics, call, closePools, key, registration, registry } from './api.ts';
import { HOSTILE } from './hostile.ts';
import { ask, codeOf } from './raw-request.ts';
import { type Path, stringFields, withValue } from './string-fields.ts';

t.teardown(closePools);

const pk = key('first');
const made = await call('POST', '/v1/registrations', { key: pk, body: registration() });
const token = { 'x-device-token': made.body.deviceToken };

/** A body with every text a route may hold; each call gives one that was never sent. */
const SAMPLES: Record<string, () => Record<string, unknown>> = {
  register: () => {
    const base = registration();
    return {
      ...base,
      user: { id: `reader-${randomUUID()}`, token: 'x.y.z' },
      device: { ...base.device, timeZone: 'Europe/Vienna' },
    };
  },
  subscribe: () => ({ registrationId: made.body.registrationId, topics: ['sport'] }),
  unsubscribe: () => ({ registrationId: made.body.registrationId, topics: ['sport'] }),
  sendEvents: () => ({
    key: pk,
    context: {
      property: 'www',
      installationId: 'installation-of-strings',
      deviceId: made.body.deviceId,
      userId: 'reader-1',
      sessionId: randomUUID(),
      sdk: { name: 'test', version: '1' },
    },
    events: [{ id: v7(), type: 'page_view', time: new Date().toISOString(), data: { any: 'text' } }],
  }),
};

/** What the databases are made of: tables, columns, row security, roles, and who the clients are. */
const shape = async () => ({
  columns: await registry(
    `select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2`,
  ),
  security: await registry(
    `select relname, relrowsecurity, relforcerowsecurity from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
  ),
  grants: await registry(
    `select grantee, table_name, privilege_type from information_schema.role_table_grants where table_schema = 'public' order by 1, 2, 3`,
  ),
  clients: await registry('select name, status, identity_verification from client order by 1'),
  analytics: await analytics(
    `select table_name, column_name from information_schema.columns where table_name in ('events', 'duplicates', 'rejected_events') order by 1, 2`,
  ),
});
const shapeBefore = await shape();

const CLEAR = [400, 401, 403, 404, 409, 413, 422];

function clear(t: Test, answer: Answer, what: string): boolean {
  if (answer.status < 300) return true;
  t.ok(CLEAR.includes(answer.status), `${what}: ${answer.status}`);
  if (answer.status !== 413) t.type(answer.body.code, 'string', what);
  return false;
}

/** Nobody is verified by `x.y.z`: with another field under test the claim goes without it. */
const withoutUserToken = (body: Record<string, unknown>, path: Path) => {
  const { user, ...rest } = body as { user?: { id: string } };
  return user && path.join() !== 'user,token' ? { ...rest, user: { id: user.id } } : body;
};

const fields = ROUTES.flatMap((route) => {
  const { request, operationId } = route;
  return request ? stringFields(request.schema).map((path) => ({ route, operationId, path })) : [];
});

t.test('every text of every body has a sample', async (t) => {
  t.ok(fields.length > 15, `${fields.length} fields`);
  for (const { operationId, path } of fields)
    t.doesNotThrow(() => withValue(SAMPLES[operationId]?.(), path, ''), `${operationId} ${path.join('/')}`);
});

for (const { route, operationId, path } of fields)
  t.test(
    `${operationId}, ${path.join('/')}: stored as far as it is usable, or refused in clear words`,
    async (t) => {
      const stored: { value: string; body: Record<string, unknown>; answer: Answer }[] = [];
      await Promise.all(
        Object.entries(HOSTILE).map(async ([what, value]) => {
          const sample = SAMPLES[operationId]?.() as Record<string, unknown>;
          const body = withoutUserToken(withValue(sample, path, value), path);
          const answer = await call(route.method.toUpperCase(), route.path, {
            key: pk,
            body,
            headers: token,
          });
          if (clear(t, answer, what)) stored.push({ value, body, answer });
        }),
      );
      if (operationId === 'register') for (const one of stored) await isStored(t, path, one);
      if (path.join() === 'events,0,data,any') await areStored(t, stored);
    },
  );

const COLUMNS: Record<string, string> = {
  'device/installationId': 'd.installation_id',
  'device/platform': 'd.platform',
  'device/address/kind': 'd.address_kind',
  'device/address/value': 'd.address_value',
  'device/locale': 'd.locale',
  'device/timeZone': 'd.time_zone',
  'user/id': 'u.external_id',
  'page/url': `f.data -> 'page' ->> 'url'`,
  'page/referrer': `f.data -> 'page' ->> 'referrer'`,
  property: 'd.property',
};

/** What a page does not choose is kept as far as it is usable. */
const USABLE: Record<string, (value: string) => string | undefined> = {
  'device/locale': usableLocale,
  'device/timeZone': usableTimeZone,
  'page/url': usableUrl,
  'page/referrer': usableUrl,
};

async function isStored(t: Test, path: Path, { value, answer }: { value: string; answer: Answer }) {
  const column = COLUMNS[path.join('/')];
  if (!column) return t.fail(`no column is known for ${path.join('/')}`);
  const rows = await registry<{ value: string }>(
    `select ${column} as value from device d
       join app_user u on u.client_id = d.client_id and u.id = d.user_id
       join fact f on f.client_id = d.client_id and f.id = d.last_fact_id where d.id = $1`,
    answer.body.deviceId,
  );
  const kept = USABLE[path.join('/')]?.(value) ?? null;
  return t.same(rows, [{ value: path.join('/') in USABLE ? kept : value }]);
}

/** Each event is stored with the text as far as PostgreSQL can hold it, whatever the stream and the topology made of it on the way. */
async function areStored(t: Test, sent: { body: Record<string, unknown>; value: string }[]) {
  const expected = new Map(
    sent.map(({ body, value }) => [(body.events as { id: string }[])[0]?.id as string, makeStorable(value)]),
  );
  const rows = await waitUntil(
    `${expected.size} events`,
    async () => {
      const found = await analytics<{ id: string; any: string }>(
        `select event_id::text as id, data ->> 'any' as any from events where event_id = any($1::uuid[])`,
        [...expected.keys()],
      );
      return found.length === expected.size ? found : null;
    },
    { timeoutMs: 30_000 },
  );
  for (const row of rows) t.equal(row.any, expected.get(row.id));
}

const HEADERS = [
  'x-api-key',
  'idempotency-key',
  'x-device-token',
  'origin',
  'user-agent',
  'referer',
  'x-forwarded-for',
  'x-real-ip',
  'x-correlation-id',
  'accept',
  'accept-language',
  'content-type',
  'cookie',
  'authorization',
  'host',
];

/** What a header can carry: one line of Latin-1 (RFC 9110, 5.5), and no more than the gateway reads. */
const lines = Object.values(HOSTILE)
  .map((value) => [...Buffer.from(value)].filter((byte) => byte === 9 || (byte > 31 && byte !== 127)))
  .map((bytes) => Buffer.from(bytes).toString('latin1').slice(0, 7_000))
  .filter((value) => value.trim() !== '');

for (const name of HEADERS)
  t.test(`header ${name}: never an error of ours, and the client stays who it is`, async (t) => {
    await Promise.all(
      lines.map(async (value) => {
        const body = registration();
        const headers = { 'x-api-key': pk, 'content-type': 'application/json', [name]: value };
        const answer = await ask({ path: '/v1/registrations', headers, body: JSON.stringify(body) });
        t.ok([200, 201, ...CLEAR].includes(answer.status), `${value.slice(0, 40)}: ${answer.status}`);
        const rows = await registry(
          'select client_id from device where installation_id = $1',
          body.device.installationId,
        );
        t.same(rows, answer.status === 201 ? [{ client_id: 'first' }] : []);
      }),
    );
  });

t.test('path and query: never an error of ours', async (t) => {
  const parts = Object.values(HOSTILE)
    .map((value) => encodeURIComponent(value.toWellFormed()).slice(0, 6_000))
    .concat('%', '%zz', '%c0%ae%c0%ae', '%00', '%2e%2e%2f', '..;', '-'.repeat(36), `${randomUUID()}%00`);
  await Promise.all(
    parts.flatMap((part) =>
      [
        `/v1/registrations/${part}`,
        `/v1/registrations/${made.body.registrationId}?${part}`,
        `/v1/registrations/${part}/../${made.body.registrationId}`,
        `/v1/users/${part}`,
        `/${part}`,
      ].map(async (path) => {
        const answer = await ask({ method: 'DELETE', path, headers: { 'x-api-key': pk } });
        t.ok(CLEAR.includes(answer.status), `${path.slice(0, 80)}: ${answer.status} ${codeOf(answer)}`);
      }),
    ),
  );
  t.equal((await registry('select 1 from device where id = $1', made.body.deviceId)).length, 1);
});

t.test('after all that the databases are as they were', async (t) => {
  t.same(await shape(), shapeBefore);
});
