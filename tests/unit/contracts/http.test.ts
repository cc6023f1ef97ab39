import fc from 'fast-check';
import t, { type Test } from 'tap';
import { v4, v7 } from 'uuid';
import type { z } from 'zod';
import {
  eventsRequest,
  MAX_EVENTS_BODY_BYTES,
  registrationRequest,
  subscriptionRequest,
} from '../../../contracts/http.ts';
import { MAX_JSON_DEPTH } from '../../../contracts/json-value.ts';
import { parseBody } from '../../../contracts/validate.ts';

const registration = (device: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  property: 'www',
  device: { installationId: '0123456789', platform: 'web', ...device },
  ...rest,
});
const event = (overrides: Record<string, unknown> = {}) => ({
  id: v7(),
  type: 'page_view',
  time: '2026-06-01T12:00:00.5+02:00',
  ...overrides,
});
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

const accepts = (t: Test, schema: z.ZodType, body: unknown, what: string) =>
  t.match(parseBody(schema, JSON.stringify(body)), { ok: true }, what);
/** The body is refused as `body_invalid`, and one error points there. */
const refuses = (t: Test, schema: z.ZodType, body: unknown, pointer: string, what = pointer) => {
  const result = parseBody(schema, JSON.stringify(body));
  if (result.ok) return t.fail(`accepted: ${what}`);
  t.equal(result.problem.code, 'body_invalid', what);
  return t.ok(
    result.problem.errors?.some((error) => error.pointer === pointer),
    `${what}: ${JSON.stringify(result.problem.errors)}`,
  );
};

t.test('a registration, from the least to the most', async (t) => {
  accepts(t, registrationRequest, registration(), 'the least');
  const address = { kind: 'fcm_token', value: 'x'.repeat(2048) };
  const most = registration(
    { installationId: 'x'.repeat(200), address, locale: 'de-AT', timeZone: 'Europe/Vienna' },
    {
      property: 'a'.repeat(64),
      user: { id: 'é'.repeat(200), token: 'x.y.z' },
      page: { url: 'https://www.example.com/ä?utm_source=x#y', referrer: '' },
    },
  );
  accepts(t, registrationRequest, most, 'the most');
});

t.test('a registration is refused where it is wrong', async (t) => {
  const property = '/property';
  for (const name of ['', 'WWW', '-a', 'a-', 'a_b', 'a.b', 'a'.repeat(65), 'www\n', 7, null])
    refuses(t, registrationRequest, registration({}, { property: name }), property, `property ${name}`);
  const device = (fields: Record<string, unknown>, field: string) =>
    refuses(t, registrationRequest, registration(fields), `/device/${field}`);
  device({ installationId: '1234567' }, 'installationId');
  device({ installationId: 'x'.repeat(201) }, 'installationId');
  device({ platform: 'WEB' }, 'platform');
  device({ locale: 7 }, 'locale');
  device({ address: { kind: 'apns', value: 'x' } }, 'address/kind');
  device({ address: { kind: 'fid' } }, 'address/value');
  for (const value of ['', 'x'.repeat(2049), 'ä', 'a\nb', '.', '..'])
    device({ address: { kind: 'fid', value } }, 'address/value');
});

t.test('unknown fields are refused at every level, in few words', async (t) => {
  refuses(t, registrationRequest, registration({}, { client_id: 'other' }), '/client_id');
  refuses(t, registrationRequest, registration({ x: 1 }), '/device/x');
  refuses(t, registrationRequest, registration({}, { user: { id: 'u', verified: true } }), '/user/verified');
  refuses(t, subscriptionRequest, { registrationId: v4(), topics: ['a'], x: 1 }, '/x');
  refuses(t, eventsRequest, { events: [event({ clientip: '192.0.2.1' })] }, '/events/0/clientip');
  refuses(t, registrationRequest, JSON.parse('{"__proto__":{"a":1},"property":"www"}'), '/__proto__');
  const result = parseBody(registrationRequest, JSON.stringify({ ['x'.repeat(60_000)]: 1 }));
  t.ok(JSON.stringify(result).length < 2_000, 'the answer does not grow with the field');
});

t.test('no string may hold what PostgreSQL can not', async (t) => {
  for (const bad of ['\u0000', 'a\u0000b', '\ud800', 'a\udc00b']) {
    const padded = `${bad}12345678`;
    refuses(t, registrationRequest, registration({ installationId: padded }), '/device/installationId');
    refuses(
      t,
      registrationRequest,
      registration({ address: { kind: 'fid', value: bad } }),
      '/device/address/value',
    );
    refuses(t, registrationRequest, registration({}, { user: { id: bad } }), '/user/id');
    refuses(t, registrationRequest, registration({}, { user: { id: 'u', token: bad } }), '/user/token');
    refuses(t, subscriptionRequest, { registrationId: v4(), topics: [bad] }, '/topics/0');
    const named = { events: [event(), event({ data: { a: [{ [bad]: 1 }] } })] };
    refuses(t, eventsRequest, named, `/events/1/data/a/0/${bad}`);
    refuses(t, eventsRequest, { events: [event({ type: `a${bad}` })] }, '/events/0/type');
  }
  accepts(t, eventsRequest, { events: [event({ data: { a: '😀', b: '\u0001' } })] }, 'all other characters');
});

const parsed = (device: object, page?: object) => {
  const result = parseBody(registrationRequest, JSON.stringify(registration({ ...device }, { page })));
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
};

t.test('what a page does not choose refuses nothing: kept as far as it is usable', async (t) => {
  const referrers: [given: unknown, kept: string | undefined][] = [
    ['', ''],
    [null, undefined],
    [
      'android-app://com.google.android.googlequicksearchbox/',
      'android-app://com.google.android.googlequicksearchbox/',
    ],
    ['https://search.example/?q=x', 'https://search.example/?q=x'],
    ['x', undefined],
    ['about:client', 'about:client'],
  ];
  for (const [referrer, kept] of referrers)
    t.equal(parsed({}, { referrer }).page?.referrer, kept, String(referrer));
  const urls: [given: unknown, kept: string | undefined][] = [
    ['file:///android_asset/www/index.html', 'file:///android_asset/www/index.html'],
    ['capacitor://localhost/news', 'capacitor://localhost/news'],
    ['', undefined],
    [null, undefined],
    ['/relative', undefined],
    ['https://', undefined],
    ['javascript:alert(1)', undefined],
    [' JavaScript:alert(1)', undefined],
    ['data:text/html,<script>alert(1)</script>', undefined],
    [`https://${'x'.repeat(2048)}`, undefined],
    ['https://a.example/\u0000b', 'https://a.example/b'],
    ['https://a.example/\ud800', 'https://a.example/\ufffd'],
  ];
  for (const [url, kept] of urls) t.equal(parsed({}, { url }).page?.url, kept, String(url));
  const locales: [given: unknown, kept: string | undefined][] = [
    ['de-AT', 'de-AT'],
    ['en-US-u-ca-buddhist-nu-thai', 'en-US-u-ca-buddhist-nu-thai'],
    ['en-US-u-ca-buddhist-nu-thai-hc-h23-co-phonebk', 'en-US-u-ca-buddhist-nu-thai-hc-h23'],
    ['en_US@calendar=japanese;currency=EUR', 'en_US'],
    ['C.UTF-8', 'C'],
    ['', undefined],
    ['d\u0000', undefined],
    [null, undefined],
    ['x'.repeat(60_000), undefined],
  ];
  for (const [locale, kept] of locales)
    t.equal(parsed({ locale }).device.locale, kept, String(locale).slice(0, 50));
  const zones: [given: unknown, kept: string | undefined][] = [
    ['Europe/Vienna', 'Europe/Vienna'],
    ['Mars/Olympus', undefined],
    ['x'.repeat(65), undefined],
    ['Etc/Unknown\u0000', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [timeZone, kept] of zones) t.equal(parsed({ timeZone }).device.timeZone, kept, String(timeZone));
});

t.test('an address beyond 2,048 characters keeps its place and its campaign', async (t) => {
  const kept = (url: string) => parsed({}, { url }).page?.url;
  const place = 'https://www.example.com/article';
  const click = `gclid=${'x'.repeat(3_000)}`;
  t.equal(kept(`${place}?${click}&utm_source=ads&a=1#top`), `${place}?utm_source=ads&a=1`);
  t.equal(kept(`${place}?${click}`), place);
  const many = Array.from({ length: 400 }, (_, index) => `p${index}=${index}`).join('&');
  const some = kept(`${place}?${many}&utm_campaign=${'c'.repeat(500)}`) ?? '';
  t.ok(some.length <= 2_048 && some.length > 1_900, `${some.length}`);
  t.ok(some.endsWith(`&utm_campaign=${'c'.repeat(500)}`), 'the campaign is the last to go');
  const path = kept(`https://www.example.com/${'%D0%B4'.repeat(1_000)}`) ?? '';
  t.ok(path.length <= 2_048 && path.length > 2_040, `${path.length}`);
  t.match(path, /%[0-9A-F]{2}$/, 'not within an escape');
  t.ok(kept(`https://www.example.com/${'😀'.repeat(2_000)}`)?.isWellFormed(), 'nor within a character');
});

t.test("an event's texts are kept as far as they can be stored", async (t) => {
  const data = { title: 'cut \ud83d', page: { url: 'app://x', referrer: 'a\u0000b' }, list: ['\udc00', 1] };
  const result = parseBody(eventsRequest, JSON.stringify({ events: [event({ data })] }));
  t.match(result, { ok: true });
  t.same(result.ok && result.value.events[0]?.data, {
    title: 'cut \ufffd',
    page: { url: 'app://x', referrer: 'ab' },
    list: ['\ufffd', 1],
  });
});

t.test('subscriptions: 1 to 100 topics of the characters that FCM takes', async (t) => {
  const body = (topics: unknown) => ({ registrationId: v4(), topics });
  accepts(t, subscriptionRequest, body(['a', 'A-_~%9', 'x'.repeat(100)]), 'names');
  accepts(t, subscriptionRequest, body(Array.from({ length: 100 }, (_, index) => `t${index}`)), '100');
  refuses(t, subscriptionRequest, body([]), '/topics');
  refuses(t, subscriptionRequest, body(Array.from({ length: 101 }, (_, index) => `t${index}`)), '/topics');
  for (const topic of ['', 'a.b', 'a b', 'ä', 'x'.repeat(101), 'a\n', '/topics/a'])
    refuses(t, subscriptionRequest, body(['ok', topic]), '/topics/1', topic);
  refuses(t, subscriptionRequest, { registrationId: 'x', topics: ['a'] }, '/registrationId');
});

t.test('events: 1 to 100, each with a UUIDv7 and a time that every reader can hold', async (t) => {
  const events = (count: number) => Array.from({ length: count }, () => event());
  accepts(t, eventsRequest, { events: events(100) }, '100');
  refuses(t, eventsRequest, { events: [] }, '/events');
  refuses(t, eventsRequest, { events: events(101) }, '/events');
  for (const id of ['', v4(), v7().slice(1), `${v7()} `])
    refuses(t, eventsRequest, { events: [event({ id })] }, '/events/0/id', `id "${id}"`);
  accepts(t, eventsRequest, { events: [event({ id: v7().toUpperCase() })] }, 'upper case');
  for (const time of [
    '2026-06-01',
    '2026-02-30T00:00:00Z',
    '2026-06-01T24:00:00Z',
    '2026-06-01T12:00:00',
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '9999-12-31T23:59:59-23:59',
    1_750_000_000_000,
  ])
    refuses(t, eventsRequest, { events: [event({ time })] }, '/events/0/time', `time ${time}`);
  for (const type of ['', 'Page', '9', 'a b', 'a/b', 'x'.repeat(65)])
    refuses(t, eventsRequest, { events: [event({ type })] }, '/events/0/type', `type "${type}"`);
});

t.test("an event's data: any JSON object, nested so deep and no deeper", async (t) => {
  accepts(t, eventsRequest, { events: [event({ data: {} })] }, 'empty');
  accepts(t, eventsRequest, { events: [event({ data: nested(MAX_JSON_DEPTH) })] }, 'deep');
  refuses(
    t,
    eventsRequest,
    { events: [event({ data: nested(MAX_JSON_DEPTH + 1) })] },
    `/events/0/data${'/a'.repeat(MAX_JSON_DEPTH)}`,
  );
  for (const data of [[], 'x', null, 1])
    refuses(t, eventsRequest, { events: [event({ data })] }, '/events/0/data', JSON.stringify(data));
  const huge = JSON.stringify({ events: [event({ data: { a: [0] } })] }).replace('[0]', '[1e999]');
  t.match(
    parseBody(eventsRequest, huge),
    { ok: false, problem: { code: 'body_invalid', errors: [{ pointer: '/events/0/data/a' }] } },
    'beyond a double',
  );
  const levels = Math.floor(MAX_EVENTS_BODY_BYTES / 2) - 100;
  const bomb = `{"events":[${JSON.stringify(event({ data: { a: 0 } })).replace('{"a":0}', `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`)}]}`;
  t.match(parseBody(eventsRequest, bomb), { ok: false, problem: { code: 'body_invalid' } });
});

t.test('no JSON at all is body_malformed; JSON of another kind is body_invalid', async (t) => {
  for (const body of [undefined, '', ' ', '{', '{"a":1,}', "{'a':1}", '\ufeff{}', 'NaN', '{}{}'])
    t.match(parseBody(registrationRequest, body), {
      ok: false,
      problem: { code: 'body_malformed', status: 400 },
    });
  for (const body of ['null', '[]', '1', '"x"', 'true'])
    t.match(parseBody(registrationRequest, body), {
      ok: false,
      problem: { code: 'body_invalid', errors: [{ pointer: '' }] },
    });
});

t.test('at most ten errors are told', async (t) => {
  const topics = Array.from({ length: 50 }, () => '');
  const many = parseBody(subscriptionRequest, JSON.stringify({ registrationId: v4(), topics }));
  t.equal(many.ok === false && many.problem.errors?.length, 10);
});

t.test('whatever the body, there is an answer and never an exception', async () => {
  const schemas = [registrationRequest, subscriptionRequest, eventsRequest];
  const check = (body: string) => {
    for (const schema of schemas) {
      const result = parseBody<unknown>(schema, body);
      if (result.ok) continue;
      if (result.problem.status !== 400 || JSON.stringify(result.problem).length > 8_000) return false;
    }
    return true;
  };
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check));
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), check));
  const mutated = fc
    .tuple(fc.constantFrom(registration(), { events: [event()] }), fc.string(), fc.jsonValue())
    .map(([body, name, value]) => JSON.stringify({ ...body, [name]: value }));
  fc.assert(fc.property(mutated, check));
});

t.test('what was accepted is the same after a trip through JSON', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (data) => {
      const body = JSON.stringify({ events: [event({ data })] });
      const first = parseBody(eventsRequest, body);
      // a name that can't be stored
      if (!first.ok) return /\\u0000|\\ud[89a-f]/.test(body);
      const again = parseBody(eventsRequest, JSON.stringify(first.value));
      return again.ok && JSON.stringify(again.value) === JSON.stringify(first.value);
    }),
  );
});
