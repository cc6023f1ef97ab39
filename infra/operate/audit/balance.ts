import type { NodeBooks, UnderWay } from './ledger.ts';
import type { Gap } from './missing.ts';
import { holds, type Range, sizeOf } from './numbering.ts';
import type { TableCount } from './tables.ts';
import { type Cell, cellInWindow, parseCell, type Window } from './window.ts';

export interface Counts {
  /** by the nodes' own books; where there is none, what the numbering shows: everything else in this row, added up */
  received: number;
  stored: number;
  duplicate: number;
  rejected: number;
  /** in a spool, on the stream or in Storm */
  underWay: number;
  /** received and nowhere else; negative: the tables hold more than was received */
  missing: number;
}

/** `client` and `minute` are null where only the numbering tells of an event. */
export interface BalanceRow extends Counts {
  client: string | null;
  minute: string | null;
}

export interface BalanceInput {
  window: Window;
  tables: TableCount[];
  /** by incarnation key: the n that the tables hold, where they matter */
  stored: Map<string, Range[]>;
  books: NodeBooks;
  underWay: UnderWay;
  /** in no place; those of them that may still be in their node's memory are `unsettled` */
  gaps: Gap[];
  unsettled: Gap[];
}

export const noCounts = (): Counts => ({
  received: 0,
  stored: 0,
  duplicate: 0,
  rejected: 0,
  underWay: 0,
  missing: 0,
});

/** Per client and minute: received = stored + duplicate + rejected + under way + missing, in the order of the minutes. */
export function balanceRows({
  window,
  tables,
  stored,
  books,
  underWay,
  gaps,
  unsettled,
}: BalanceInput): BalanceRow[] {
  const cells = new Map<Cell | null, Counts>();
  const at = (cell: Cell | null) => {
    const counts = cells.get(cell) ?? noCounts();
    cells.set(cell, counts);
    return counts;
  };
  for (const [cell, events] of books.received) if (cellInWindow(window, cell)) at(cell).received += events;
  for (const { cell, kind, covered, events } of tables) {
    at(cell)[kind] += events;
    if (!covered) at(cell).received += events;
  }
  for (const [key, numbers] of underWay.incarnations)
    for (const [n, cell] of numbers) {
      if (holds(stored.get(key) ?? [], n) || (cell && !cellInWindow(window, cell))) continue;
      at(cell).underWay++;
      if (!holds(books.covered.get(key) ?? [], n)) at(cell).received++;
    }
  for (const [cell, counts] of cells) if (cell) counts.missing = counts.received - found(counts);
  for (const gap of gaps) {
    // the others are in the rows of their clients
    if (gap.covered) continue;
    at(null).received += sizeOf([gap]);
    at(null)[unsettled.includes(gap) ? 'underWay' : 'missing'] += sizeOf([gap]);
  }
  return [...cells]
    .map(([cell, counts]) => ({ ...(cell ? parseCell(cell) : { client: null, minute: null }), ...counts }))
    .sort((a, b) => compare(a.minute, b.minute) || compare(a.client, b.client));
}

const found = ({ stored, duplicate, rejected, underWay }: Counts) => stored + duplicate + rejected + underWay;

export function addUp(rows: Iterable<Counts>): Counts {
  const total = noCounts();
  for (const row of rows) for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += row[name];
  return total;
}

/** By client, in their order; what can't be attributed last. */
export function byClient(rows: BalanceRow[]): (Counts & { client: string | null })[] {
  const groups = Map.groupBy(rows, ({ client }) => client);
  return [...groups]
    .map(([client, parts]) => ({ client, ...addUp(parts) }))
    .sort((a, b) => compare(a.client, b.client));
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
