import fc from 'fast-check';
import t from 'tap';
import { CLOCK_AHEAD_MS, CLOCK_BEHIND_MS } from '../../../contracts/cloud-event.ts';
import { decodeRecord } from '../../../storm/decode/decode-record.ts';
import { toRawRecord } from '../../../storm/spout/record-batch.ts';
import { BOOT, idAt, stamped } from '../../support/events.ts';

const record = (data: string | Uint8Array) => toRawRecord('shardId-1', '42', Buffer.from(data));
const batch = (...items: unknown[]) => decodeRecord(record(JSON.stringify(items)));

t.test('a record is a batch of events', async (t) => {
  const events = [stamped(), stamped()];
  const decoded = batch(...events);
  t.same(decoded.rejected, []);
  t.same(
    decoded.events.map(({ event }) => event.id),
    events.map(({ id }) => id),
  );
  t.match(decoded.events[0]?.day, /^\d{4}-\d\d-\d\d$/);
});

t.test('a record that is no batch is kept whole, under its place in the stream', async (t) => {
  const cases: [string | Uint8Array, RegExp, string][] = [
    ['', /no JSON$/, 'text'],
    ['{"a":', /no JSON$/, 'text'],
    ['{}', /no JSON array/, 'text'],
    ['null', /no JSON array/, 'text'],
    ['[]', /no event/, 'text'],
    [new Uint8Array([0xff, 0x00, 0x12]), /not text/, 'base64'],
    ['a\u0000b', /not text/, 'base64'],
  ];
  for (const [data, detail, payload_encoding] of cases) {
    const { events, rejected } = decodeRecord(record(data));
    t.same(events, []);
    t.match(rejected, [{ source_id: 'shardId-1/42', reason: 'decode', detail, payload_encoding, n: null }]);
  }
  t.equal(decodeRecord(record('{"a":')).rejected[0]?.payload, '{"a":');
});

t.test('a bad event harms itself alone, and keeps its triple where it has one', async (t) => {
  const good = stamped();
  const { events, rejected } = batch(good, { ...stamped({ n: '77' }), id: 'x' }, 'text', null, {
    producer: 'p',
  });
  t.same(
    events.map(({ event }) => event.id),
    [good.id],
  );
  t.match(rejected, [
    {
      source_id: `gateway-1/${BOOT}/77`,
      reason: 'invalid',
      detail: /\/id: must be a UUIDv7/,
      n: '77',
      client_id: 'demo',
      received_at: /^20\d\d-.*Z$/,
    },
    { source_id: 'shardId-1/42/2', reason: 'invalid', payload: '"text"', producer: null },
    { source_id: 'shardId-1/42/3', payload: 'null' },
    { source_id: 'shardId-1/42/4', boot: null },
  ]);
});

t.test('every required field is required', async (t) => {
  for (const name of Object.keys(stamped())) {
    if (['subject', 'clientip', 'useragent'].includes(name)) continue;
    const { events, rejected } = batch({ ...stamped(), [name]: undefined });
    t.equal(events.length, 0, name);
    t.equal(rejected[0]?.reason, 'invalid', name);
  }
  t.equal(
    batch({ ...stamped(), subject: undefined, clientip: undefined, useragent: undefined }).events.length,
    1,
  );
});

t.test('fields of the wrong shape are invalid', async (t) => {
  const wrong = [
    { n: '0' },
    { n: '01' },
    { n: '-1' },
    { n: '9223372036854775808' },
    { n: 1 },
    { boot: 'boot' },
    { producer: 'nul\u0000' },
    { producer: '' },
    { time: 'yesterday' },
    { receivedtime: '2026-13-01T00:00:00Z' },
    { specversion: '2.0' },
    { data: [] },
    { data: null },
    { clientid: '' },
    { id: '018f0000-0000-4000-8000-000000000000' },
  ];
  for (const change of wrong)
    t.equal(batch({ ...stamped(), ...change }).rejected[0]?.reason, 'invalid', JSON.stringify(change));
  t.equal(batch(stamped({ n: '9223372036854775807' })).events.length, 1);
});

t.test(
  'the clock rule: seven days behind and ten minutes ahead of the receipt, and not a millisecond more',
  async (t) => {
    const receivedtime = '2026-03-01T00:00:00.000Z';
    const at = (ms: number) => batch(stamped({ receivedtime, id: idAt(receivedtime, ms) }));
    t.equal(at(-CLOCK_BEHIND_MS).events[0]?.day, '2026-02-22');
    t.equal(at(CLOCK_AHEAD_MS).events[0]?.day, '2026-03-01');
    t.equal(at(-1).events[0]?.day, '2026-02-28', 'the day is the id’s in UTC, not the receipt’s');
    t.match(at(-CLOCK_BEHIND_MS - 1).rejected, [{ reason: 'clock', detail: /behind/ }]);
    t.match(at(CLOCK_AHEAD_MS + 1).rejected, [{ reason: 'clock', detail: /ahead/ }]);
    const offset = stamped({ receivedtime: '2026-03-01T02:00:00.000+02:00', id: idAt(receivedtime, 0) });
    t.equal(batch(offset).events[0]?.day, '2026-03-01', 'offsets are understood');
  },
);

t.test('no rejected event holds the client’s IP', async (t) => {
  const ip = fc.oneof(
    fc.ipV4(),
    fc.ipV6().filter((address) => address.length > 6),
  );
  fc.assert(
    fc.property(ip, fc.nat(400), (clientip, cut) => {
      const event = {
        ...stamped({ clientip, data: {}, useragent: 'x' }),
        time: 'no',
        extra: { clientIp: clientip },
      };
      const whole = JSON.stringify([event]);
      const kept = [
        decodeRecord(record(whole)),
        decodeRecord(record(`{"clientip":"${clientip}",${whole.slice(0, cut)}`)),
        decodeRecord(record(Buffer.concat([Buffer.from(`\u0000${clientip} `), Buffer.from([0xff])]))),
      ].map(({ rejected }) => rejected[0]);
      return kept.every((row) => {
        if (!row) return false;
        const text =
          row.payload_encoding === 'base64'
            ? Buffer.from(row.payload, 'base64').toString('latin1')
            : row.payload;
        return !text.includes(clientip) && !row.detail.includes(clientip);
      });
    }),
    { numRuns: 300 },
  );
  t.pass('holds');
});

t.test(
  'the receipt of a rejected event is kept where the table can hold it, and an old one is none',
  async (t) => {
    const cases: [unknown, string | null][] = [
      ['2026-01-02T03:04:05+01:00', '2026-01-02T02:04:05.000Z'],
      ['yesterday', null],
      [7, null],
      [undefined, null],
      ['-271821-04-20T00:00:00Z', null],
      ['0000-01-01T00:00:00Z', null],
    ];
    for (const [receivedtime, received_at] of cases) {
      const { rejected } = batch({ ...stamped(), id: 'x', receivedtime: receivedtime as string });
      t.match(rejected, [{ n: /\d/, received_at }], String(receivedtime));
    }
  },
);

t.test('acceptedtime may be absent, as in older records, but not wrong', async (t) => {
  const acceptedtime = new Date().toISOString();
  t.equal(batch(stamped({ acceptedtime })).events[0]?.event.acceptedtime, acceptedtime);
  t.equal(batch(stamped()).events[0]?.event.acceptedtime, undefined);
  t.match(batch(stamped({ acceptedtime: 'now' })).rejected, [{ reason: 'invalid', detail: /acceptedtime/ }]);
});

t.test('a record that is no JSON keeps its times: without them it could never be mended', async (t) => {
  const whole = JSON.stringify([
    stamped({ time: '2026-03-01T01:02:03.456+01:00', clientip: '2001:db8::1:02:03', useragent: 'x' }),
  ]);
  const [row] = decodeRecord(record(whole.slice(0, -1))).rejected;
  t.equal(row?.payload, whole.slice(0, -1).replace('2001:db8::1:02:03', '[ip]'));
});
