import { hostname } from 'node:os';
import t from 'tap';
import type { Fact } from '../../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { idAt, stamped } from '../../support/events.ts';
import { auditSystem } from './audit-system.ts';

// a topology of its own takes its time to start where the machine has other things to do
t.setTimeout(300_000);

/** One system for all of these tests, one after the other: what one leaves behind balances for the next. */
t.test('the books', { timeout: 300_000 }, async (t) => {
  const system = await auditSystem(t);
  const { analytics, registry, audit } = system;
  const one = async (sql: string, ...values: unknown[]) => (await analytics.pool.query(sql, values)).rows[0];
  const node = system.node('gateway-1');

  await t.test('balance after traffic: stored, duplicates and rejected, by client and minute', async (t) => {
    const facts = [await system.register(), await system.register(), await system.register('other')];
    const [first, second, third] = facts as [Fact, Fact, Fact];
    const events = [
      ...node.stamp('demo', [first, second]),
      ...node.stamp('other', [third]),
      ...node.stamp('demo', [first]),
      ...node.stamp('demo', [{ ...stamped(), id: idAt(new Date().toISOString(), -8 * 86_400_000) }]),
    ];
    const segment = node.spool(events);
    await system.put(events);
    await system.settled(5);
    const acknowledged = await audit('--grace', '0');
    t.equal(acknowledged.code, 0, acknowledged.stdout + acknowledged.stderr);
    const zero = { received: 1, stored: 1, duplicate: 0, rejected: 0, underWay: 0, missing: 0 };
    const clients = [
      { client: 'demo', ...zero, received: 4, stored: 2, duplicate: 1, rejected: 1 },
      { client: 'other', ...zero },
    ];
    t.same(
      acknowledged.books?.clients,
      clients,
      'the segment counts, and what of it is stored is not under way',
    );
    segment.retire();
    const { code, books, stdout } = await audit('--grace', '0', '--by', 'minute');
    t.equal(code, 0);
    t.same(books?.clients, clients, 'and so does its tally');
    t.match(books, { balanced: true, withoutBook: [], unstamped: 0, repair: null });
    t.match(books?.facts, { facts: 3, stored: 3, underWay: 0, missing: [], lost: [], erased: [] });
    const minute = `${events[0]?.receivedtime.slice(0, 16)}Z`;
    t.match(
      books?.minutes.find((row) => row.client === 'other'),
      { minute, received: 1 },
    );
    t.match(stdout, /^demo +\d{4}-\d\d-\d\dT\d\d:\d\dZ +\d/m);
    t.match(stdout, /The books balance\.$/m);
  });

  await t.test('a row that is gone is named with its client and minute, and repaired once', async (t) => {
    const row = await one(`delete from events where client_id = 'other' returning *`);
    // until the checkpoint has passed its record it is under way
    const { books, stdout, stderr } = await waitUntil('the books miss the row', async () => {
      const audited = await audit('--grace', '0');
      return audited.code === 1 ? audited : undefined;
    });
    t.match(stderr, /the books do not balance\. \[books_unbalanced\]$/);
    const minute = `${row.received_at.toISOString().slice(0, 16)}Z`;
    const { producer, boot } = row;
    t.match(books?.missing, [
      { producer, boot, from: 3, to: 3, of: [{ client: 'other', minute, events: 1 }] },
    ]);
    t.match(stdout, `${producer} ${boot} n 3: other ${minute}`);
    t.match(books?.facts.missing, [{ client_id: 'other', id: row.event_id }]);
    t.match(books?.clients.at(-1), { client: 'other', received: 1, stored: 0, missing: 1 });

    const repaired = await audit('--grace', '0', '--repair');
    t.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
    t.match(repaired.books, { balanced: true, repair: { fromStream: 1, fromRegistry: 0, notYetStored: 0 } });
    const { stored_at, ...again } = await one(`select * from events where client_id = 'other'`);
    t.ok(stored_at > row.stored_at);
    t.same(again, (({ stored_at: _, ...rest }) => rest)(row), 'as it was, its triple and its country too');
    const once = await audit('--grace', '0', '--repair');
    t.match(once, { code: 0, books: { repair: null } }, 'nothing is left to repair');
  });

  await t.test('a fact that was never forwarded is under way, then missing, then repaired', async (t) => {
    const fact = await system.register();
    t.match(await audit(), { code: 0, books: { facts: { underWay: 1, missing: [] } } }, 'within the grace');
    const { code, books } = await audit('--grace', '0');
    t.equal(code, 1);
    t.match(books?.facts, { underWay: 0, missing: [{ client_id: 'demo', id: fact.id, type: fact.type }] });
    t.same(books?.missing, [], 'no number is missing: it was never stamped');

    const repaired = await audit('--grace', '0', '--repair');
    t.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
    t.match(repaired.books?.repair, { fromStream: 0, fromRegistry: 1, notYetStored: 0 });
    await system.settled(1);
    const row = await one('select * from events where event_id = $1', fact.id);
    t.match(row, {
      producer: `audit@${hostname()}`,
      n: '1',
      type: fact.type,
      received_at: new Date(fact.time),
    });
    t.same(row.data, fact.data);

    // the gateway's own delivery comes late
    await system.put(node.stamp('demo', [fact]));
    await system.settled(1);
    const late = await audit('--grace', '0', '--repair');
    t.match(late, { code: 0, books: { repair: null } });
    t.equal((await analytics.pool.query('select from events where event_id = $1', [fact.id])).rowCount, 1);
  });

  await t.test('what is in a spool only is under way', async (t) => {
    const fact = await system.register();
    const [event] = node.stamp('demo', [fact]) as [StampedEvent];
    node.spool([event]);
    const { code, books } = await audit('--grace', '0');
    t.equal(code, 0);
    t.match(books?.total, { underWay: 1, missing: 0 });
    t.match(books?.facts, { underWay: 1, missing: [] });
    await system.put([event]);
    await system.settled(1);
    t.match(await audit('--grace', '0'), { code: 0, books: { total: { underWay: 0 } } });
  });

  await t.test(
    'a gap in the numbers of a node without a book is named; nothing can bring it back',
    async (t) => {
      const gone = system.node('gateway-gone');
      const receivedAt = Date.now() - 120_000;
      const made = Array.from({ length: 3 }, () => stamped({ type: 'client.page_view' }));
      const events = gone.stamp('demo', made, receivedAt);
      await system.put([events[0] as StampedEvent, events[2] as StampedEvent]);
      await system.settled(2);
      const { code, stdout, books } = await audit('--repair', '--wait', '1');
      t.equal(code, 1);
      const { producer, boot } = gone;
      t.match(books?.missing, [{ producer, boot, from: 2, to: 2, of: [] }]);
      t.match(books?.withoutBook, [{ producer, boot }]);
      t.match(books?.clients.at(-1), { client: null, received: 1, missing: 1 });
      t.match(stdout, /no spool at hand tells what these received/);
      t.match(stdout, /Where a node's disk is\ngone with its spool, so are these events/);
      const from = new Date(receivedAt + 60_000).toISOString();
      t.equal((await audit('--from', from)).code, 0, 'outside the window it is not judged');
      await system.put([events[1] as StampedEvent]);
      await system.settled(1);
      t.equal((await audit()).code, 0, 'it came after all');
    },
  );

  await t.test('an event in two tables is named', async (t) => {
    const row = await one(
      'select producer, boot, n, client_id, day, event_id from events where n = 2 limit 1',
    );
    await analytics.pool.query('insert into duplicates values ($1, $2, $3, $4, $5, $6)', Object.values(row));
    const { code, books } = await audit();
    t.equal(code, 1);
    const { producer, boot } = row;
    t.same(books?.doubles, [{ producer, boot, n: 2, tables: ['duplicates', 'events'] }]);
    await analytics.pool.query('delete from duplicates where (producer, boot, n) = ($1, $2, $3)', [
      producer,
      boot,
      row.n,
    ]);
  });

  await t.test(
    'a fact that is gone: lost while its user is there, erased when that is gone, too',
    async (t) => {
      const fact = await system.register();
      const events = node.stamp('demo', [fact]);
      await system.put(events);
      await system.settled(1);
      await registry.pool.query('delete from device where last_fact_id = $1', [fact.id]);
      await registry.pool.query('delete from fact where id = $1', [fact.id]);
      const lost = await audit('--grace', '0');
      t.equal(lost.code, 1);
      t.match(lost.books?.facts, { lost: [{ client_id: 'demo', id: fact.id }], erased: [] });
      await registry.pool.query('delete from app_user where id = $1', [fact.subject]);
      t.match(await audit('--grace', '0'), {
        code: 0,
        books: { facts: { lost: [], erased: [{ id: fact.id }] } },
      });
    },
  );

  await t.test('a fact that was rejected is kept, not missing', async (t) => {
    const fact = await system.register();
    await system.put(node.stamp('demo', [fact], Date.parse(fact.time) + 8 * 86_400_000));
    await system.settled(1);
    t.match(await audit('--grace', '0'), { code: 0, books: { facts: { rejected: 1, missing: [] } } });
  });

  await t.test('what the topology has not read is under way, and what has no stamp is said', async (t) => {
    await system.topology.stop();
    const fact = await system.register();
    await system.put(node.stamp('demo', [fact]));
    await system.kinesis.put(['no JSON']);
    const { code, stdout, books } = await audit('--grace', '0');
    t.equal(code, 0);
    t.match(books, { unstamped: 1, total: { underWay: 1 }, facts: { underWay: 1 } });
    t.match(stdout, /^1 on the stream that no producer stamped/m);
  });
});
