import pg from 'pg';
import t from 'tap';
import { v7 } from 'uuid';
import { type RejectedEvent, reject } from '../../../storm/decode/rejected.ts';
import type { EnrichedEvent } from '../../../storm/enrich/enriched-event.ts';
import { createEventStore } from '../../../storm/store/event-store.ts';
import { analyticsDatabase, type TestDatabase } from '../../support/analytics-database.ts';

const BOOT = '3c5cfc2b-9d0b-4f1e-8f6e-0d8d6a3b7f11';
const today = new Date().toISOString().slice(0, 10);
let count = 0;

function row(changes: Partial<EnrichedEvent> = {}): EnrichedEvent {
  count++;
  const now = new Date().toISOString();
  return {
    client_id: 'demo',
    day: today,
    event_id: v7(),
    type: 'pistats.registration.created',
    property: 'www',
    user_id: 'u',
    device_id: 'd',
    installation_id: 'i',
    session_id: 's',
    seq: 1,
    sdk: 'test/1',
    request_id: 'r',
    occurred_at: now,
    received_at: now,
    accepted_at: now,
    country: 'DE',
    ip_prefix: '81.2.69.0/24',
    device_class: 'mobile',
    browser: 'Chrome',
    os: 'Android',
    is_bot: false,
    bot_reason: null,
    page_host: null,
    page_path: null,
    referrer_host: null,
    utm_source: null,
    utm_medium: null,
    utm_campaign: null,
    utm_term: null,
    utm_content: null,
    data: '{"a":"{\\"quoted\\",\\\\}"}',
    producer: 'gateway-1',
    boot: BOOT,
    n: String(count),
    ...changes,
  };
}

function rejection(n: string, changes: Partial<RejectedEvent> = {}): RejectedEvent {
  const triple = { source_id: `gateway-1/${BOOT}/${n}`, producer: 'gateway-1', boot: BOOT, n };
  return { ...reject(triple, 'clock', 'late', { payload: '{}', payload_encoding: 'json' }), ...changes };
}

async function counts({ pool }: TestDatabase) {
  const { rows } = await pool.query(`select
    (select count(*)::int from events) as events,
    (select count(*)::int from duplicates) as duplicates,
    (select count(*)::int from rejected_events) as rejected`);
  return rows[0];
}

t.test('a batch is stored as it is, and a redelivery changes nothing', async (t) => {
  const db = await analyticsDatabase(t);
  const store = createEventStore(db.pool);
  const events = [row(), row(), row({ ip_prefix: null, country: null, user_id: null })];
  const received_at = new Date().toISOString();
  const rejected = [rejection('1001', { received_at }), rejection('1001', { received_at })];
  await store.store({ events, rejected });
  const before = await db.pool.query('select *, xmin from events order by n');
  t.equal(before.rows.length, 3);
  t.match(before.rows[0], {
    client_id: 'demo',
    event_id: events[0]?.event_id,
    data: { a: '{"quoted",\\}' },
    ip_prefix: '81.2.69.0/24',
    accepted_at: new Date(events[0]?.accepted_at ?? 0),
    n: events[0]?.n,
  });
  t.same((await db.pool.query('select received_at from rejected_events')).rows, [
    { received_at: new Date(received_at) },
  ]);
  for (const again of [events, events.slice(1), [...events].reverse()])
    await store.store({ events: again, rejected });
  t.same((await db.pool.query('select *, xmin from events order by n')).rows, before.rows);
  t.same(await counts(db), { events: 3, duplicates: 0, rejected: 1 });
});

t.test('the same event under another triple is a duplicate, once', async (t) => {
  const db = await analyticsDatabase(t);
  const store = createEventStore(db.pool);
  const first = row();
  const later = new Date(Date.parse(first.received_at) + 1_000).toISOString();
  const second = { ...first, n: '900001', received_at: later };
  const inOneBatch = [row({ event_id: v7() }), first, second];
  await store.store({ events: inOneBatch, rejected: [] });
  t.same(await counts(db), { events: 2, duplicates: 1, rejected: 0 });
  const third = { ...first, producer: 'gateway-2' };
  for (let i = 0; i < 2; i++) await store.store({ events: [third, second, first], rejected: [] });
  t.same(await counts(db), { events: 2, duplicates: 2, rejected: 0 });
  const { rows } = await db.pool.query(
    'select producer, n, event_id, client_id, received_at from duplicates order by producer',
  );
  const kept = { event_id: first.event_id, client_id: 'demo' };
  t.same(
    rows,
    [
      { producer: 'gateway-1', n: '900001', ...kept, received_at: new Date(later) },
      { producer: 'gateway-2', n: first.n, ...kept, received_at: new Date(first.received_at) },
    ],
    'each under its own receipt',
  );
});

t.test('the same id of another client or day is another event', async (t) => {
  const db = await analyticsDatabase(t);
  const event = row();
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const events = [
    event,
    { ...event, client_id: 'other', n: '800001' },
    { ...event, day: yesterday, n: '800002' },
  ];
  await createEventStore(db.pool).store({ events, rejected: [] });
  t.same(await counts(db), { events: 3, duplicates: 0, rejected: 0 });
});

t.test('rows that can never be stored are rejected one by one, the others are stored', async (t) => {
  const db = await analyticsDatabase(t);
  const bad: Partial<EnrichedEvent>[] = [
    { data: '{"a":"\\u0000"}' },
    { user_id: 'a\u0000b' },
    { data: '{"a":"\\ud800"}' },
    { occurred_at: '2026-02-30T00:00:00Z' },
    { client_id: 'nul\u0000', data: '{}' },
    { day: '1970-01-01' },
    { day: '2999-01-01' },
    { ip_prefix: '81.2.69.142/32' },
    { n: '99999999999999999999' },
  ];
  const events = bad.flatMap((changes) => [row(), row(changes), row()]);
  const rejected = [rejection('2001')];
  const store = createEventStore(db.pool);
  for (let i = 0; i < 2; i++) {
    await store.store({ events, rejected });
    t.same(await counts(db), { events: 18, duplicates: 0, rejected: 10 });
  }
  const { rows } = await db.pool.query(
    "select detail, payload, code_version, n from rejected_events where reason = 'unstorable'",
  );
  t.same(
    rows.map(({ payload }) => JSON.parse(payload).event_id).sort(),
    events
      .filter((_, index) => index % 3 === 1)
      .map(({ event_id }) => event_id)
      .sort(),
    'each with its row',
  );
  t.match(rows[0], { detail: /^2[23]\w{3} /, code_version: 'development' });
  t.equal(rows.filter(({ n }) => n === null).length, 1, 'a triple that is none is kept as text only');
});

t.test('a rejected event with a field that the table refuses is kept all the same', async (t) => {
  const db = await analyticsDatabase(t);
  const event = row();
  const bad = rejection('2002', { client_id: 'nul\u0000' });
  await createEventStore(db.pool).store({ events: [event], rejected: [rejection('2001'), bad] });
  t.same(await counts(db), { events: 1, duplicates: 0, rejected: 2 });
});

t.test('an event that was rejected by older code moves when it can be stored, and never back', async (t) => {
  const db = await analyticsDatabase(t);
  const store = createEventStore(db.pool);
  const event = row({ n: '3001' });
  await store.store({ events: [], rejected: [rejection('3001')] });
  t.same(await counts(db), { events: 0, duplicates: 0, rejected: 1 });
  await store.store({ events: [event], rejected: [] });
  t.same(await counts(db), { events: 1, duplicates: 0, rejected: 0 });
  await store.store({ events: [], rejected: [rejection('3001')] });
  await store.store({ events: [event], rejected: [rejection('3001')] });
  t.same(await counts(db), { events: 1, duplicates: 0, rejected: 0 });
});

t.test('concurrent batches over the same events neither dead-lock nor lose a triple', async (t) => {
  const db = await analyticsDatabase(t);
  const events = Array.from({ length: 200 }, () => row());
  const batches = Array.from({ length: 8 }, (_, index) => {
    const own = index % 2 === 0 ? events : events.map((event) => ({ ...event, producer: 'gateway-2' }));
    return index % 3 === 0 ? [...own].reverse() : own;
  });
  await Promise.all(batches.map((batch) => createEventStore(db.pool).store({ events: batch, rejected: [] })));
  t.same(await counts(db), { events: 200, duplicates: 200, rejected: 0 });
  const { rows } = await db.pool.query(`select count(*)::int as n from (
    select producer, boot, n from events union select producer, boot, n from duplicates) as triples`);
  t.equal(rows[0].n, 400);
});

t.test(
  'an insert of another transaction that is not yet committed is waited for and understood',
  async (t) => {
    const db = await analyticsDatabase(t);
    const event = row();
    await db.pool.query('select ensure_partition($1)', [today]);
    const other = await db.pool.connect();
    await other.query('begin');
    await createEventStore(other as unknown as pg.Pool).store({ events: [event], rejected: [] });
    const same = createEventStore(db.pool).store({ events: [event], rejected: [] });
    const twin = createEventStore(db.pool).store({ events: [{ ...event, n: '4001' }], rejected: [] });
    const blocked = async () =>
      (
        await db.pool.query(
          "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        )
      ).rowCount;
    while ((await blocked()) !== 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await other.query('commit');
    other.release();
    await Promise.all([same, twin]);
    t.same(await counts(db), { events: 1, duplicates: 1, rejected: 0 });
  },
);

t.test('partitions', async (t) => {
  const db = await analyticsDatabase(t);
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const ensure = (value: string | null) => db.pool.query('select ensure_partition($1)', [value]);
  await Promise.all(Array.from({ length: 6 }, () => ensure(day(0))));
  await ensure(day(1));
  await ensure(day(-372));
  for (const outside of [day(2), day(-373), '1970-01-01', null])
    await t.rejects(ensure(outside), { code: '23514' }, `${outside}`);
  const { rows } = await db.pool.query(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass order by 1",
  );
  const partition = (offset: number) => `events_${day(offset).replaceAll('-', '')}`;
  t.same(rows.map(({ name }) => name).sort(), [partition(-372), partition(0), partition(1)].sort());

  const store = createEventStore(db.pool);
  await store.store({ events: [row()], rejected: [] });
  await db.pool.query(`drop table ${partition(0)}`);
  await store.store({ events: [row()], rejected: [] });
  t.same(await counts(db), { events: 1, duplicates: 0, rejected: 0 }, 'a dropped partition is made again');
});

t.test('a database that is away is an error, never a rejection', async (t) => {
  const db = await analyticsDatabase(t);
  const gone = new URL(db.url);
  gone.port = '1';
  const pool = new pg.Pool({ connectionString: gone.href });
  t.teardown(() => pool.end());
  await t.rejects(createEventStore(pool).store({ events: [row()], rejected: [] }), { code: 'ECONNREFUSED' });
});

t.test('the topology’s role can do the topology’s work and nothing else', async (t) => {
  const db = await analyticsDatabase(t);
  const client = await db.pool.connect();
  t.teardown(async () => client.release(true));
  await client.query('set role pistats_topology');
  await createEventStore(client as unknown as pg.Pool).store({
    events: [row()],
    rejected: [rejection('5001')],
  });
  for (const sql of [
    'delete from events',
    'update events set country = null',
    'truncate duplicates',
    'create table x ()',
  ])
    await t.rejects(client.query(sql), { code: '42501' }, sql);
  await client.query('reset role');
  t.same(await counts(db), { events: 1, duplicates: 0, rejected: 1 });
});

t.test('migrations: concurrent and repeated', async (t) => {
  const { migrateAnalytics } = await import('../../../analytics/migrate.ts');
  const db = await analyticsDatabase(t);
  t.same(await Promise.all([migrateAnalytics(db.url), migrateAnalytics(db.url)]), [[], []]);
});
