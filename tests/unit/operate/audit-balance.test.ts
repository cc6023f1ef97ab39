import fc from 'fast-check';
import t from 'tap';
import { addUp, byClient } from '../../../infra/operate/audit/balance.ts';
import { auditWorld, makeEvent, type Place, type WorldEvent } from './audit-world.ts';

const PLACES: Place[] = ['stored', 'duplicate', 'rejected', 'stream', 'spool', 'lost'];
const named = (missing: { producer: string; boot: string; from: number; to: number }[]) =>
  missing
    .flatMap(({ producer, boot, from, to }) =>
      Array.from({ length: to - from + 1 }, (_, index) => `${producer} ${boot} ${from + index}`),
    )
    .sort();
const nameOf = ({ producer, boot, n }: WorldEvent) => `${producer} ${boot} ${n}`;

/** Two starts of producers; the first has its book at hand, the other may have none. */
const world = fc
  .tuple(
    ...[0, 1].map((index) =>
      fc
        .array(
          fc.record({
            place: fc.constantFrom(...PLACES),
            client: fc.constantFrom('demo', 'other'),
            minute: fc.constantFrom('2026-11-24T13:05Z', '2026-11-24T13:06Z'),
          }),
          { maxLength: 25 },
        )
        .map((events) =>
          events.map(({ place, client, minute }, at) => makeEvent(index, at + 1, place, client, minute)),
        ),
    ),
  )
  .map((boots) => boots.flat());

t.test('with every book at hand exactly the lost events are named, and each row adds up', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (events) => {
      const { rows, missing } = await auditWorld(events, () => true);
      const lost = events.filter(({ place }) => place === 'lost');
      // one that lies in a segment that is there still is not lost after all: the spool sends it
      const expected = lost.filter((event) => !besideSpooled(event, events));
      if (named(missing).join() !== expected.map(nameOf).sort().join()) return false;
      const total = addUp(rows);
      if (total.received !== events.length || total.missing !== expected.length) return false;
      return rows.every(
        ({ client, minute, missing: lacking, received, stored, duplicate, rejected, underWay }) =>
          received === stored + duplicate + rejected + underWay + lacking &&
          received === events.filter((event) => event.client === client && event.minute === minute).length,
      );
    }),
  );
});

function besideSpooled({ producer, n }: WorldEvent, events: WorldEvent[]): boolean {
  return events.some(
    (other) =>
      other.producer === producer &&
      other.place === 'spool' &&
      Math.floor((other.n - 1) / 4) === Math.floor((n - 1) / 4),
  );
}

t.test('without a book what lies below the highest number known is named', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (all) => {
      const events = all.filter(({ place }) => place !== 'spool').map((event) => ({ ...event }));
      // numbered anew: no event of another place was left out
      for (const own of Map.groupBy(events, ({ producer }) => producer).values())
        own.forEach((event, index) => {
          event.n = index + 1;
        });
      const { rows, missing } = await auditWorld(events, () => false);
      // what comes just before an event that no table has yet may be on its way as that is
      const nextOf = ({ producer, n }: WorldEvent) =>
        events.find((event) => event.producer === producer && event.n > n && event.place !== 'lost');
      const expected = events.filter((event) => {
        const next = event.place === 'lost' ? nextOf(event) : undefined;
        return next !== undefined && next.place !== 'stream';
      });
      const total = addUp(rows);
      return (
        named(missing).join() === expected.map(nameOf).sort().join() &&
        total.missing === expected.length &&
        total.received === total.stored + total.duplicate + total.rejected + total.underWay + total.missing
      );
    }),
  );
});

t.test('a row a client, what can not be attributed last', async (t) => {
  const events = [
    makeEvent(0, 1, 'stored', 'other'),
    makeEvent(0, 2, 'lost'),
    makeEvent(0, 3, 'duplicate'),
    makeEvent(0, 4, 'stream'),
  ];
  const { rows } = await auditWorld(events, () => false);
  const zero = { received: 1, stored: 0, duplicate: 0, rejected: 0, underWay: 0, missing: 0 };
  t.same(byClient(rows), [
    { ...zero, client: 'demo', received: 2, duplicate: 1, underWay: 1 },
    { ...zero, client: 'other', stored: 1 },
    { ...zero, client: null, missing: 1 },
  ]);
});

t.test('an event of a minute outside the window counts for the numbering only', async (t) => {
  const before = '2026-11-24T12:59Z';
  const events = [
    makeEvent(0, 1, 'stream', 'demo', before),
    makeEvent(0, 2, 'stored'),
    makeEvent(0, 3, 'stored'),
  ];
  const { rows, missing } = await auditWorld(events, () => true);
  t.same(missing, []);
  t.match(rows, [{ client: 'demo', received: 2, stored: 2, underWay: 0 }]);
  t.equal(rows.length, 1);
});
