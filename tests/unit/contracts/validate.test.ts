import t from 'tap';
import { v4, v7 } from 'uuid';
import { z } from 'zod';
import { eventsRequest, registrationRequest, subscriptionRequest } from '../../../contracts/http.ts';
import { parseBody } from '../../../contracts/validate.ts';

const errors = (schema: z.ZodType, body: unknown) => {
  const result = parseBody(schema, JSON.stringify(body));
  return result.ok ? [] : (result.problem.errors ?? []);
};

t.test('a pointer leads to the value: names, indexes, the root', async (t) => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ name: z.string() })) });
  t.match(errors(schema, { list: [{ name: 'a' }, { name: 1 }] }), [{ pointer: '/list/1/name' }]);
  t.match(errors(schema, { list: [{}] }), [{ pointer: '/list/0/name' }]);
  t.match(errors(schema, []), [{ pointer: '' }]);
});

t.test(
  'an unknown member is pointed at itself, each one; one of a very long name by what holds it',
  async (t) => {
    const schema = z.strictObject({ inner: z.strictObject({ a: z.string().optional() }) });
    const detail = 'is not a member that is known here';
    t.same(errors(schema, { inner: { 'x/y': 1, z: 2 } }), [
      { pointer: '/inner/x~1y', detail },
      { pointer: '/inner/z', detail },
    ]);
    t.match(errors(schema, { inner: { ['x'.repeat(60_000)]: 1 } }), [
      { pointer: '/inner', detail: `in it, under a very long name: ${detail}` },
    ]);
  },
);

t.test('every rule of our schemas is told in our own words', async (t) => {
  const device = { installationId: 'x'.repeat(8), platform: 'web' };
  const cases: [schema: z.ZodType, body: unknown, pointer: string, detail: string][] = [
    [registrationRequest, [], '', 'must be an object'],
    [registrationRequest, { property: 'www' }, '/device', 'is required'],
    [registrationRequest, { property: 7, device }, '/property', 'must be a text'],
    [
      registrationRequest,
      { property: 'W', device },
      '/property',
      'must be 1 to 64 of a-z, 0-9 and "-", no "-" at either end',
    ],
    [
      registrationRequest,
      { property: 'www', device: { ...device, platform: 'tv' } },
      '/device/platform',
      'must be one of web, ios, android',
    ],
    [
      registrationRequest,
      { property: 'www', device: { ...device, installationId: 'x' } },
      '/device/installationId',
      'must have at least 8 characters',
    ],
    [
      registrationRequest,
      { property: 'www', device, user: { id: '' } },
      '/user/id',
      'must have at least 1 character',
    ],
    [
      registrationRequest,
      { property: 'www', device, user: { id: 'x'.repeat(201) } },
      '/user/id',
      'must have at most 200 characters',
    ],
    [
      registrationRequest,
      { property: 'www', device: { ...device, address: { kind: 'fid', value: 'ä' } } },
      '/device/address/value',
      'must be 1 to 2048 characters of printable ASCII',
    ],
    [subscriptionRequest, { registrationId: 'x', topics: ['a'] }, '/registrationId', 'must be a UUID'],
    [subscriptionRequest, { registrationId: v4(), topics: [] }, '/topics', 'must have at least 1 entry'],
    [subscriptionRequest, { registrationId: v4(), topics: 'a' }, '/topics', 'must be a list'],
    [
      subscriptionRequest,
      { registrationId: v4(), topics: ['a.b'] },
      '/topics/0',
      'must be 1 to 100 of a-z, A-Z, 0-9, "_", "~", "%" and "-"',
    ],
    [
      eventsRequest,
      { events: [{ id: v4(), type: 'a', time: '2026-06-01T00:00:00Z' }] },
      '/events/0/id',
      'must be a UUIDv7',
    ],
    [
      eventsRequest,
      { events: [{ id: v7(), type: 'A', time: '2026-06-01T00:00:00Z' }] },
      '/events/0/type',
      'must be 1 to 64 of a-z, 0-9, "_", "." and "-", a letter first',
    ],
    [
      eventsRequest,
      { events: [{ id: v7(), type: 'a', time: 'x' }] },
      '/events/0/time',
      'must be a time of RFC 3339 with its zone, as 2026-06-01T12:00:00Z',
    ],
    [
      eventsRequest,
      { events: [{ id: v7(), type: 'a', time: '1960-06-01T00:00:00Z' }] },
      '/events/0/time',
      'must lie between 1970 and 2999',
    ],
    [
      eventsRequest,
      { events: [{ id: v7(), type: 'a', time: '2026-06-01T00:00:00Z', data: [] }] },
      '/events/0/data',
      'must be an object',
    ],
  ];
  for (const [schema, body, pointer, detail] of cases) t.same(errors(schema, body), [{ pointer, detail }]);
});

t.test('~ and / in a name are escaped (RFC 6901), in that order', async (t) => {
  const schema = z.strictObject({ 'a/b': z.strictObject({ 'm~n': z.strictObject({ '~1': z.int() }) }) });
  t.match(errors(schema, { 'a/b': { 'm~n': { '~1': 'x' } } }), [{ pointer: '/a~1b/m~0n/~01' }]);
});

t.test('the value comes back as its schema made it', async (t) => {
  const schema = z.strictObject({ a: z.int().default(7) });
  t.same(parseBody(schema, '{}'), { ok: true, value: { a: 7 } });
});

t.test('no error repeats a value, which may be a push token', async (t) => {
  const secret = 'fcm-token-that-must-not-return';
  const schema = z.strictObject({ kind: z.enum(['a', 'b']), value: z.string().max(5), n: z.int() });
  t.notMatch(JSON.stringify(errors(schema, { kind: secret, value: secret, n: secret })), secret);
});
