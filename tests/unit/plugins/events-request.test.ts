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
