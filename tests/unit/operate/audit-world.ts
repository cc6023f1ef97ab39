import { type BalanceRow, balanceRows } from '../../../infra/operate/audit/balance.ts';
import { type Cell, makeCell } from '../../../infra/operate/audit/cell.ts';
import type { Kind, TableCount } from '../../../infra/operate/audit/count-by-minute.ts';
import { findGaps, type Gap, wantedRanges } from '../../../infra/operate/audit/find-gaps.ts';
import { readNodeBooks, type SpooledRecord } from '../../../infra/operate/audit/node-books.ts';
import { holds, mergeRanges, type Range } from '../../../infra/operate/audit/ranges.ts';
import { createUnderWay } from '../../../infra/operate/audit/under-way.ts';
import type { Tally } from '../../../stream/spool/read-tallies.ts';

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
const keyOf = ({ producer, boot }: WorldEvent) => `${producer} ${boot}`;
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

/** The books of a world, as the audit makes them of what the databases, the stream and the spools would answer. */
export async function auditWorld(
  events: WorldEvent[],
  booked: (event: WorldEvent) => boolean,
): Promise<{ rows: BalanceRow[]; gaps: Gap[] }> {
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
  const touched = new Map<string, Range>();
  const stored = new Map<string, Range[]>();
  const tables = new Map<string, TableCount>();
  for (const event of events) {
    if (!inTable(event.place)) continue;
    const { n, client, minute, place: kind } = event;
    const key = keyOf(event);
    const known = touched.get(key) ?? { from: n, to: n };
    touched.set(key, { from: Math.min(known.from, n), to: Math.max(known.to, n) });
    stored.set(key, mergeRanges([...(stored.get(key) ?? []), { from: n, to: n }]));
    const cell: Cell = makeCell(client, minute);
    const covered = holds(books.covered.get(key) ?? [], n);
    const count = tables.get(`${cell} ${kind} ${covered}`) ?? { cell, kind, covered, events: 0 };
    tables.set(`${cell} ${kind} ${covered}`, { ...count, events: count.events + 1 });
  }
  const wanted = wantedRanges(WINDOW, touched, books, underWay);
  const gaps = findGaps(wanted, stored, underWay, books);
  const rows = balanceRows({
    window: WINDOW,
    tables: [...tables.values()],
    stored,
    books,
    underWay,
    gaps,
    unsettled: [],
  });
  return { rows, gaps };
}
