import t from 'tap';
import { v7 } from 'uuid';
import { parseEvents } from '../../../plugins/kinesis-forward/events-request.ts';

const id = v7();
const event = { id, type: 'page_view', time: '2026-10-10T10:00:00Z', data: { a: 1 } };
const body = (value: unknown) => Buffer.from(JSON.stringify(value));
const parse = (value: unknown) => parseEvents(body(value), 'acme');

t.test('an event becomes a fact of the client, its type under "client."', async (t) => {
  t.same(parse({ events: [event] }), {
    ok: true,
    facts: [
      {
        specversion: '1.0',
        id,
        source: '/clients/acme',
        type: 'client.page_view',
        time: '2026-10-10T10:00:00Z',
        datacontenttype: 'application/json',
        data: { a: 1 },
      },
    ],
  });
});

const context = {
  property: 'www',
  installationId: 'installation-1',
  deviceId: '0190A0C0-0000-7000-8000-000000000003',
  userId: 'reader-1',
  sessionId: 'session-1',
  sdk: { name: '@pistats/web', version: '1.2.3' },
};

t.test('the context of a request is said once and is of every event', async (t) => {
  const events = [
    { ...event, seq: 1 },
    { ...event, id: v7(), seq: 2 },
  ];
  const parsed = parse({ context, events });
  if (!parsed.ok) return t.fail('refused');
  for (const [index, fact] of parsed.facts.entries())
    t.match(fact, {
      source: '/clients/acme/properties/www',
      subject: 'reader-1',
      deviceid: context.deviceId.toLowerCase(),
      installationid: 'installation-1',
      sessionid: 'session-1',
      sdk: '@pistats/web/1.2.3',
      seq: index + 1,
      data: { a: 1 },
    });
  const { deviceId: _, userId: __, ...anonymous } = context;
  const [fact] = (parse({ context: anonymous, events: [event] }) as typeof parsed).facts;
  for (const name of ['subject', 'deviceid', 'seq']) t.notOk(name in (fact ?? {}), name);
});

t.test('a context that names nobody, and numbers that count nothing, are refused', async (t) => {
  for (const [changes, pointer] of [
    [{ property: 'WWW' }, '/context/property'],
    [{ installationId: 'short' }, '/context/installationId'],
    [{ sessionId: undefined }, '/context/sessionId'],
    [{ deviceId: 'd' }, '/context/deviceId'],
    [{ sdk: 'web' }, '/context/sdk'],
    [{ client: 'other' }, '/context/client'],
  ] as const)
    t.match(parse({ context: { ...context, ...changes }, events: [event] }), {
      problem: { code: 'body_invalid', errors: [{ pointer }] },
    });
  for (const seq of [0, -1, 1.5, 2 ** 31, '1'])
    t.match(parse({ context, events: [{ ...event, seq }] }), {
      problem: { errors: [{ pointer: '/events/0/seq' }] },
    });
});

t.test('ids are kept in lower case, missing data is empty, order is kept, the key is dropped', async (t) => {
  const events = [
    { ...event, id: id.toUpperCase(), data: undefined },
    { ...event, id: v7(), type: 'b' },
  ];
  const parsed = parse({ key: 'pk_acme_secret', events });
  if (!parsed.ok) return t.fail('refused');
  t.match(parsed.facts, [{ id, data: {} }, { type: 'client.b' }]);
  t.notMatch(JSON.stringify(parsed), 'pk_acme_secret');
});

t.test('a browser can not pose as one of ours', async (t) => {
  const type = 'pistats.registration.created';
  const parsed = parse({ events: [{ ...event, type }] });
  t.match(parsed, { facts: [{ type: `client.${type}` }] });
  for (const extra of [{ subject: 'u-1' }, { source: '/x' }, { clientid: 'other' }])
    t.match(parse({ events: [{ ...event, ...extra }] }), { ok: false, problem: { code: 'body_invalid' } });
});

const refused: [what: string, body: Buffer | string | undefined, code: string, pointer?: string][] = [
  ['no body', undefined, 'body_malformed'],
  ['an empty body', '', 'body_malformed'],
  ['half a body', '{"events":[', 'body_malformed'],
  ['no UTF-8', Buffer.from(`{"events":[],"a":"\xff"}`, 'latin1'), 'body_malformed'],
  ['a list', body([event]), 'body_invalid', ''],
  ['no events', body({ events: [] }), 'body_invalid', '/events'],
  ['101 events', body({ events: Array(101).fill(event) }), 'body_invalid', '/events'],
  ['an unknown field', body({ events: [event], client: 'other' }), 'body_invalid', '/client'],
  [
    'a random UUID',
    body({ events: [{ ...event, id: crypto.randomUUID() }] }),
    'body_invalid',
    '/events/0/id',
  ],
  [
    'a type with a space',
    body({ events: [event, { ...event, type: 'a b' }] }),
    'body_invalid',
    '/events/1/type',
  ],
  [
    'a time without a zone',
    body({ events: [{ ...event, time: '2026-10-10T10:00:00' }] }),
    'body_invalid',
    '/events/0/time',
  ],
  ['data that is a list', body({ events: [{ ...event, data: [1] }] }), 'body_invalid', '/events/0/data'],
  [
    'U+0000 in a name',
    body({ events: [{ ...event, data: { 'a\0': 1 } }] }),
    'body_invalid',
    '/events/0/data/a\0',
  ],
];
for (const [what, given, code, pointer] of refused)
  t.test(`refused: ${what}`, async (t) => {
    const parsed = parseEvents(given, 'acme');
    t.match(parsed, { ok: false, problem: { code, status: 400 } });
    const { errors } = (parsed as { problem: { errors?: { pointer: string }[] } }).problem;
    t.equal(errors?.[0]?.pointer, pointer);
  });

t.test('a hundred events are taken', async (t) => {
  t.match(parse({ events: Array(100).fill(event) }), { ok: true });
});
