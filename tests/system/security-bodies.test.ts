import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { v7 } from 'uuid';
import { MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES } from '../../contracts/http.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { analytics, call, closePools, devices, key, registration } from './api.ts';
import { ask, codeOf, exchange, type RawRequest } from './raw-request.ts';

t.teardown(closePools);

const pk = key('first');
const JSON_TYPE = { 'x-api-key': pk, 'content-type': 'application/json' };
const post = (path: string, body: string | Buffer, rest: RawRequest = {}) =>
  ask({ path, body, ...rest, headers: { ...JSON_TYPE, ...rest.headers } });
const register = (body: string | Buffer, rest?: RawRequest) => post('/v1/registrations', body, rest);
const sendEvents = (body: string | Buffer, rest?: RawRequest) => post('/v1/events', body, rest);

const event = (data: unknown = {}) => ({ id: v7(), type: 'page_view', time: new Date().toISOString(), data });
/** An event's JSON with its data written by hand. */
const eventsWith = (data: string, { id, type, time } = event()) =>
  `{"events":[{"id":"${id}","type":"${type}","time":"${time}","data":${data}}]}`;
const storedData = async (id: string) => {
  const rows = await waitUntil(
    `event ${id}`,
    async () => {
      const found = await analytics('select client_id, data from events where event_id = $1', id);
      return found.length > 0 ? found : null;
    },
    { timeoutMs: 30_000 },
  );
  return rows[0] as { client_id: string; data: Record<string, unknown> };
};

const nested = (open: string, levels: number, close: string) =>
  open.repeat(levels) + 1 + close.repeat(levels);
const DEEP = Object.fromEntries(
  [1_000, 30_000, 100_000].flatMap((levels) => [
    [`${levels} arrays`, nested('[', levels, ']')],
    [`${levels} objects`, nested('{"a":', levels, '}')],
  ]),
);

t.test('nested without end: 400 or 413 on every route, never deeper than the check', async (t) => {
  for (const [what, deep] of Object.entries(DEEP)) {
    const inDevice = JSON.stringify(registration()).replace('"de-DE"', deep);
    const inTopics = `{"registrationId":"${randomUUID()}","topics":${deep}}`;
    for (const [where, sent] of Object.entries({
      'the body': register(deep),
      'a field': register(inDevice),
      topics: post('/v1/subscriptions', inTopics),
      events: sendEvents(deep),
      'the data of an event': sendEvents(eventsWith(`{"a":${deep}}`)),
      'a beacon': sendEvents(`{"key":${deep}}`, { headers: { 'content-type': 'text/plain' } }),
    })) {
      const answer = await sent;
      t.ok([400, 413].includes(answer.status), `${what} in ${where}: ${answer.status}`);
    }
  }
});

t.test('more than a list may hold: 400', async (t) => {
  const topics = Array.from({ length: 5_000 }, (_, index) => `t${index}`);
  const many = { registrationId: randomUUID(), topics };
  t.equal(codeOf(await post('/v1/subscriptions', JSON.stringify(many))), 'body_invalid');
  const events = Array.from({ length: 2_000 }, () => event());
  t.equal(codeOf(await sendEvents(JSON.stringify({ events }))), 'body_invalid');
  const large = await sendEvents(JSON.stringify({ events: [event({ a: 'x'.repeat(300_000) })] }));
  t.match([large.status, codeOf(large)], [400, 'body_invalid'], 'an event above what a record may hold');
});

t.test('numbers: those of a double as they are, those beyond one refused', async (t) => {
  for (const beyond of ['1e999', '-1e400', '[0,{"a":1e309}]'])
    t.equal(codeOf(await sendEvents(eventsWith(`{"a":${beyond}}`))), 'body_invalid', beyond);
  const one = event();
  const numbers = '{"a":1.7976931348623157e308,"b":5e-324,"c":-1,"d":9007199254740991}';
  t.equal((await sendEvents(eventsWith(numbers, one))).status, 202);
  t.same((await storedData(one.id)).data, JSON.parse(numbers));
  const wrong = JSON.stringify(registration()).replace('"web"', '1e999');
  t.equal(codeOf(await register(wrong)), 'body_invalid');
});

t.test('a name twice: the last one counts, for every reader', async (t) => {
  const body = registration();
  const twice = JSON.stringify(body).replace('"property":"www"', '"property":"elsewhere","property":"app"');
  t.equal((await register(twice)).status, 201);
  t.match(await devices(body.device.installationId), [{ property: 'app' }]);
  // who authenticates and who stores must not read two different keys
  const one = event();
  const beacon = JSON.stringify({ events: [one] }).replace('{', `{"key":"${pk}","key":"${key('second')}",`);
  const sent = await ask({ path: '/v1/events', headers: { 'content-type': 'text/plain' }, body: beacon });
  t.equal(sent.status, 202);
  t.equal((await storedData(one.id)).client_id, 'second');
});

t.test('names that JavaScript objects have of their own', async (t) => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    const polluted = JSON.stringify(registration()).replace(
      '{',
      `{"${name}":{"isAdmin":true,"property":"app"},`,
    );
    t.equal(codeOf(await register(polluted)), 'body_invalid', name);
  }
  const one = event();
  const data = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x"}';
  t.equal((await sendEvents(eventsWith(data, one))).status, 202);
  const stored = (await storedData(one.id)).data;
  t.same(Object.keys(stored).sort(), ['constructor', 'toString'], 'all but __proto__');
  t.equal((await register(JSON.stringify(registration()))).status, 201, 'and the next one is served');
});

/** Padded with white space to just as many bytes. */
const padded = (body: unknown, bytes: number) => {
  const text = JSON.stringify(body);
  return text + ' '.repeat(bytes - Buffer.byteLength(text));
};

for (const chunked of [false, true])
  t.test(
    `the bounds of a body, to the byte, ${chunked ? 'in chunks without a length' : 'with its length'}`,
    async (t) => {
      for (const [extra, ok] of [
        [-1, true],
        [0, true],
        [1, false],
      ] as const) {
        const registered = await register(padded(registration(), MAX_BODY_BYTES + extra), { chunked });
        t.equal(registered.status, ok ? 201 : 413, `a registration of ${MAX_BODY_BYTES + extra}`);
        const sent = await sendEvents(padded({ events: [event()] }, MAX_EVENTS_BODY_BYTES + extra), {
          chunked,
        });
        t.equal(sent.status, ok ? 202 : 413, `events of ${MAX_EVENTS_BODY_BYTES + extra}`);
      }
    },
  );

t.test('encodings: what is not JSON in UTF-8 is refused, and nothing is unpacked', async (t) => {
  const text = JSON.stringify(registration());
  const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
  for (const [what, body] of Object.entries({
    gzip: gzipSync(text),
    'a gzip bomb': bomb,
    'UTF-16': Buffer.from(text, 'utf16le'),
    'a byte order mark': Buffer.from(`\ufeff${text}`),
    'Latin-1': Buffer.from(text.replace('de-DE', 'ä'), 'latin1'),
    'an overlong encoding': Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from([0xc0, 0x80]),
      Buffer.from('"}'),
    ]),
    nothing: Buffer.alloc(0),
  }))
    for (const encoding of ['gzip', 'br', 'identity']) {
      const headers = { 'content-encoding': encoding };
      t.match(await register(body, { headers }), { status: 400, text: /body_malformed/ }, what);
      t.match(await sendEvents(body, { headers }), { status: 400, text: /body_malformed/ }, what);
    }
});

t.test('content types: JSON is what is read, whatever it is called', async (t) => {
  for (const type of [
    '',
    'text/html',
    'application/xml',
    'multipart/form-data; boundary=x',
    'x/'.repeat(500),
    ';;;',
  ]) {
    const headers = { 'content-type': type };
    t.equal((await register(JSON.stringify(registration()), { headers })).status, 201, type);
    t.equal(codeOf(await register('a=b&c=d', { headers })), 'body_malformed', type);
    t.equal(codeOf(await sendEvents('<a/>', { headers })), 'body_malformed', type);
  }
  // only what sendBeacon sends may bring its key in the body
  const body = JSON.stringify({ key: pk, events: [event()] });
  for (const type of ['application/json', 'text/html', 'text/plainest', 'a/b; text/plain'])
    t.match(
      await ask({ path: '/v1/events', headers: { 'content-type': type }, body }),
      { status: 401, text: /key_missing/ },
      type,
    );
});

t.test('one request hidden in another: at most one answer, and the hidden one is never served', async (t) => {
  const hidden = registration();
  const inner = JSON.stringify(hidden);
  const smuggled = [
    'POST /v1/registrations HTTP/1.1',
    'Host: a',
    `X-Api-Key: ${pk}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(inner)}`,
    '',
    inner,
  ].join('\r\n');
  for (const framing of [
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 5'],
    ['Content-Length: +5'],
    ['Content-Length: 5 5'],
    ['Content-Length:', ' 5'],
    ['X-Folded: a', ' Content-Length: 5'],
    ['X-Folded: a', '\tTransfer-Encoding: chunked'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding:\u000bchunked'],
    ['Transfer_Encoding: chunked', 'Content-Length : 5'],
    ['Content-Length: 0', 'Transfer-Encoding: chunked', 'Connection: Transfer-Encoding'],
  ]) {
    const head = ['POST /v1/registrations HTTP/1.1', 'Host: a', `X-Api-Key: ${pk}`, ...framing, '', ''].join(
      '\r\n',
    );
    const statuses = await exchange(`${head}0\r\n\r\n${smuggled}`);
    const what = framing.join(' and ');
    t.ok(
      statuses.length <= 1 && statuses.every((status) => (status >= 400 && status < 500) || status === 501),
      `${what}: ${statuses}`,
    );
    t.same(await devices(hidden.device.installationId), [], what);
  }
  t.same(await exchange(smuggled), [201], 'alone it is served');
});

t.test('after all that a good request is answered', async (t) => {
  t.equal((await call('POST', '/v1/registrations', { key: pk, body: registration() })).status, 201);
});
