import { producerTriple, type StampedEvent } from '../../../contracts/stamped-event.ts';
import { bootKey } from './boot.ts';
import { type Cell, makeCell, minuteOf } from './cell.ts';
import { mergeRanges, type Range } from './ranges.ts';

/** Events seen in a spool or on the stream: they may be stored meanwhile, or be on their way still. */
export interface UnderWay {
  /** False when it has no triple: no producer of ours stamped it. */
  add(event: unknown): boolean;
  /** by boot key: every n once, with its cell, null where client or receipt can't be read */
  readonly boots: Map<string, Map<number, Cell | null>>;
  /** `<client> <event id>` of facts */
  readonly facts: Set<string>;
}

export function createUnderWay(): UnderWay {
  const boots = new Map<string, Map<number, Cell | null>>();
  const facts = new Set<string>();
  /** equal cells share one string: under way may be millions of events when Kinesis was down */
  const cells = new Map<string, Cell>();
  const cellOf = ({ clientid, receivedtime }: Partial<StampedEvent>): Cell | null => {
    const minute = typeof receivedtime === 'string' ? minuteOf(receivedtime) : null;
    if (!minute || typeof clientid !== 'string') return null;
    const cell = makeCell(clientid, minute);
    const known = cells.get(cell);
    if (!known) cells.set(cell, cell);
    return known ?? cell;
  };
  return {
    boots,
    facts,
    add(event) {
      const triple = producerTriple.safeParse(event);
      if (!triple.success) return false;
      const stamped = event as Partial<StampedEvent>;
      const key = bootKey(triple.data);
      let numbers = boots.get(key);
      if (!numbers) {
        numbers = new Map();
        boots.set(key, numbers);
      }
      numbers.set(Number(triple.data.n), cellOf(stamped));
      if (typeof stamped.type === 'string' && stamped.type.startsWith('pistats.'))
        facts.add(factKey(String(stamped.clientid), String(stamped.id)));
      return true;
    },
  };
}

export const factKey = (client: string, id: string) => `${client} ${id.toLowerCase()}`;

export function rangesOf(numbers: Iterable<number>): Range[] {
  return mergeRanges([...numbers].map((n) => ({ from: n, to: n })));
}
