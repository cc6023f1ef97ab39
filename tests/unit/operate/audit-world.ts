import { createUnderWay, readNodeBooks, type SpooledRecord } from '../../../infra/operate/audit/ledger.ts';
import { holds, mergeRanges } from '../../../infra/operate/audit/numbering.ts';
import { auditNumbers, type Tables } from '../../../infra/operate/audit/run.ts';
import type { Kind, TableCount } from '../../../infra/operate/audit/tables.ts';
import { makeCell, type Window } from '../../../infra/operate/audit/window.ts';
import type { Tally } from '../../../stream/spool/index.ts';

/** Where an event is at the moment; `lost`: in no place but the count of its segment. */
export type Place = Kind | 'stream' | 'spool' | 'lost';

export interface WorldEvent {
  producer: string;
  boot: string;
  n: number;
  client: string;
  minute: string;
  place: Place;
}

export const WINDOW = { from: new Date('2026-11-24T13:00:00Z'), to: new Date('2026-11-24T14:00:00Z') };
const BOOTS = ['0b7c2f7e-5a3d-4f4e-9a51-1d0f4a1c2b3d', '3c5cfc2b-9d0b-4f1e-8f6e-0d8d6a3b7f11'];
const SEGMENT_EVENTS = 4;

export const makeEvent = (
  index: number,
  n: number,
  place: Place,
  client = 'demo',
  minute = '2026-11-24T13:05Z',
): WorldEvent => ({
  producer: `gateway-${index}`,
  boot: BOOTS[index] as string,
  n,
  client,
  minute,
  place,
});

const stampedOf = ({ producer, boot, n, client, minute }: WorldEvent) => ({
  producer,
  boot,
  n: String(n),
  clientid: client,
  receivedtime: minute.replace('Z', ':30.000Z'),
});
const keyOf = ({ producer, boot }: Pick<WorldEvent, 'producer' | 'boot'>) => `${producer} ${boot}`;
const inTable = (place: Place): place is Kind => ['stored', 'duplicate', 'rejected'].includes(place);

/** Segments of four events: one in which something still waits for Kinesis is there, the others are tallies. */
function spoolOf(events: WorldEvent[]) {
  const segments: SpooledRecord[] = [];
  const tallies: Tally[] = [];
  for (const own of Map.groupBy(events, keyOf).values())
    for (let at = 0; at < own.length; at += SEGMENT_EVENTS) {
      const part = own.slice(at, at + SEGMENT_EVENTS);
      const { producer, boot, n: from } = part[0] as WorldEvent;
      const segment = `${at}.segment`;
      if (part.some(({ place }) => place === 'spool'))
        for (const event of part) segments.push({ boot, segment, events: [stampedOf(event)] });
      else {
        const cells = Map.groupBy(part, ({ client, minute }) => makeCell(client, minute));
        const counts = [...cells.values()].map((group) => {
          const { client, minute } = group[0] as WorldEvent;
          return { client, minute, events: group.length };
        });
        tallies.push({ producer, boot, segment, from, to: from + part.length - 1, counts });
      }
    }
  return { segments, tallies };
}

/** Long before an audit that is made now. */
const RECEIVED = new Date('2026-11-24T13:30:00Z');

/** What the tables would answer: the events that are in one. */
function tablesOf(events: WorldEvent[]): Tables {
  const there = events.filter(({ place }) => inTable(place));
  const isThere = (key: string, n: number) => there.some((event) => keyOf(event) === key && event.n === n);
  const minutesIn = ({ from, to }: Window) =>
    there.filter(({ minute }) => Date.parse(minute) >= from.getTime() && Date.parse(minute) < to.getTime());
  return {
    async touched(window) {
      const groups = Map.groupBy(minutesIn(window), keyOf);
      return new Map(
        [...groups].map(([key, own]) => {
          const numbers = own.map(({ n }) => n);
          return [key, { from: Math.min(...numbers), to: Math.max(...numbers) }];
        }),
      );
    },
    async islands(wanted) {
      const groups = Map.groupBy(there, keyOf);
      const stored = [...wanted.keys()].map(
        (key) => [key, mergeRanges((groups.get(key) ?? []).map(({ n }) => ({ from: n, to: n })))] as const,
      );
      return { stored: new Map(stored), doubled: [] };
    },
    receipts: async (asked) =>
      new Map(
        asked.filter(({ key, n }) => isThere(key, n)).map(({ key, n }) => [`${key} ${n}`, RECEIVED] as const),
      ),
    async inTallies(tallies, _stored, underWay) {
      return new Map(
        tallies.map((tally) => {
          const { from, to } = tally;
          const key = keyOf(tally);
          const cells = there
            .filter((event) => keyOf(event) === key && event.n >= from && event.n <= to)
            .map(({ client, minute }) => makeCell(client, minute));
          for (const [n, cell] of underWay.incarnations.get(key) ?? [])
            if (cell && n >= from && n <= to && !isThere(key, n)) cells.push(cell);
          const groups = [...Map.groupBy(cells, (cell) => cell)];
          return [tally, new Map(groups.map(([cell, own]) => [cell, own.length]))];
        }),
      );
    },
    doubles: async () => [],
    async byMinute(window, covered) {
      const counts = new Map<string, TableCount>();
      for (const event of minutesIn(window)) {
        const { n, client, minute, place } = event;
        const cell = makeCell(client, minute);
        const inBooks = holds(covered.get(keyOf(event)) ?? [], n);
        const name = `${cell} ${place} ${inBooks}`;
        const count = counts.get(name) ?? { cell, kind: place as Kind, covered: inBooks, events: 0 };
        counts.set(name, { ...count, events: count.events + 1 });
      }
      return [...counts.values()];
    },
  };
}

/** Audits a world whose spools hold the events that are `booked`. */
export async function auditWorld(events: WorldEvent[], booked: (event: WorldEvent) => boolean) {
  const underWay = createUnderWay();
  const { segments, tallies } = spoolOf(events.filter(booked));
  const books = await readNodeBooks(
    ['spool'],
    {
      async *segments() {
        yield* segments;
      },
      async *tallies() {
        yield* tallies;
      },
    },
    underWay,
  );
  for (const event of events) if (event.place === 'stream') underWay.add(stampedOf(event));
  const settledBefore = RECEIVED.getTime() + 1;
  return auditNumbers({ window: WINDOW, books, underWay, settledBefore }, tablesOf(events));
}
