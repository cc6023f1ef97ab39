import t from 'tap';
import { type Fact, MAX_RECORD_BYTES } from '../../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import type { StreamRecord } from '../../../stream/spool/stream-record.ts';
import { createStamper } from '../../../stream/stamp.ts';

const fact = (id: string, more: Partial<Fact> = {}): Fact => ({
  specversion: '1.0',
  id,
  source: '/clients/acme',
  type: 'client.page_view',
  time: '2026-10-10T10:00:00Z',
  datacontenttype: 'application/json',
  data: {},
  ...more,
});
const receipt = {
  client: 'acme',
  requestId: 'req-1',
  receivedAt: Date.UTC(2026, 9, 10),
  ip: '203.0.113.7',
  userAgent: 'UA/1',
};
const eventsOf = (records: StreamRecord[] | null) =>
  (records ?? []).flatMap(({ data }) => JSON.parse(data.toString()) as StampedEvent[]);
const numbers = (records: StreamRecord[] | null) => eventsOf(records).map(({ n }) => Number(n));
const padded = (id: string, bytes: number) => fact(id, { data: { pad: 'x'.repeat(bytes) } });

t.test('an event gets what only the gateway knows, in one record', async (t) => {
  const before = Date.now();
  const records = createStamper('node-1', 'boot-1').stamp(
    [fact('a', { subject: 'u-1' }), fact('b')],
    receipt,
  );
  t.match(records, [{ partitionKey: 'acme:u-1', events: 2 }]);
  const { acceptedtime = '', ...rest } = eventsOf(records)[0] as StampedEvent;
  const accepted = Date.parse(acceptedtime);
  t.ok(accepted >= before && accepted <= Date.now(), 'stamped now, to the millisecond');
  t.same(rest, {
    ...fact('a', { subject: 'u-1' }),
    clientid: 'acme',
    requestid: 'req-1',
    receivedtime: '2026-10-10T00:00:00.000Z',
    clientip: '203.0.113.7',
    useragent: 'UA/1',
    producer: 'node-1',
    boot: 'boot-1',
    n: '1',
  });
});

t.test('a fact can not bring a stamp of its own', async (t) => {
  const posing = { ...fact('a'), clientid: 'other', producer: 'x', boot: 'y', n: '99', clientip: '::1' };
  const [event] = eventsOf(createStamper('node-1', 'boot-1').stamp([posing], receipt));
  t.match(event, { clientid: 'acme', producer: 'node-1', boot: 'boot-1', n: '1', clientip: '203.0.113.7' });
});

t.test('without a User-Agent there is none', async (t) => {
  const [event] = eventsOf(createStamper().stamp([fact('a')], { ...receipt, userAgent: undefined }));
  t.notOk('useragent' in (event ?? {}));
});

t.test('n is contiguous from 1 over all requests of a process', async (t) => {
  const stamper = createStamper();
  const all = [1, 3, 0, 2].flatMap((count) =>
    numbers(
      stamper.stamp(
        Array.from({ length: count }, (_, i) => fact(`${i}`)),
        receipt,
      ),
    ),
  );
  t.same(all, [1, 2, 3, 4, 5, 6]);
  const boots = [createStamper(), createStamper()].map((one) => eventsOf(one.stamp([fact('a')], receipt))[0]);
  t.not(boots[0]?.boot, boots[1]?.boot, 'another boot counts anew under another name');
  t.same([boots[0]?.n, boots[1]?.n], ['1', '1']);
});

t.test('what is too large for one record is split, in order and within the bound', async (t) => {
  const facts = Array.from({ length: 30 }, (_, i) => padded(`${i}`, 30_000));
  const records = createStamper().stamp(facts, receipt) ?? [];
  t.ok(records.length >= 4 && records.length <= 5, `${records.length} records`);
  t.ok(records.every(({ data }) => data.length <= MAX_RECORD_BYTES));
  t.same(
    eventsOf(records).map(({ id }) => Number(id)),
    facts.map((_, i) => i),
  );
  t.same(
    numbers(records),
    facts.map((_, i) => i + 1),
  );
  t.equal(
    records.reduce((sum, { events }) => sum + events, 0),
    30,
  );
  t.same([...new Set(records.map(({ partitionKey }) => partitionKey))], ['acme:req-1']);
});

t.test('the bound is met exactly, and counted in bytes of UTF-8', async (t) => {
  const stamper = createStamper('node-1', 'boot-1');
  const size = stamper.stamp([padded('a', 0)], receipt)?.[0]?.data.length ?? 0;
  const full = stamper.stamp([padded('a', MAX_RECORD_BYTES - size)], receipt);
  t.equal(full?.[0]?.data.length, MAX_RECORD_BYTES);
  t.equal(stamper.stamp([padded('a', MAX_RECORD_BYTES - size + 1)], receipt), null);
  t.equal(stamper.stamp([fact('a', { data: { pad: 'é'.repeat(MAX_RECORD_BYTES / 2) } })], receipt), null);
  const half = Math.floor((MAX_RECORD_BYTES - 2 * size + 1) / 2);
  const two = stamper.stamp([padded('a', half), padded('b', half)], receipt);
  t.equal(two?.length, 1);
  t.equal(stamper.stamp([padded('a', half), padded('b', half + 2)], receipt)?.length, 2);
});

t.test('a request that is refused leaves no gap', async (t) => {
  const stamper = createStamper();
  t.same(numbers(stamper.stamp([fact('a')], receipt)), [1]);
  t.equal(stamper.stamp([fact('b'), padded('c', MAX_RECORD_BYTES)], receipt), null);
  t.same(numbers(stamper.stamp([fact('d')], receipt)), [2]);
});

t.test(
  "the partition key: the client and the first event's subject, else the request; at most 256",
  async (t) => {
    const keyOf = (...facts: Fact[]) => createStamper().stamp(facts, receipt)?.[0]?.partitionKey;
    t.equal(keyOf(fact('a', { subject: 'u-1' }), fact('b', { subject: 'u-2' })), 'acme:u-1');
    t.equal(keyOf(fact('a')), 'acme:req-1');
    t.equal(keyOf(fact('a', { subject: 'x'.repeat(1000) }))?.length, 256);
  },
);
