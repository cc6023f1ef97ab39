import type { Tally } from './read-tallies.ts';
import type { StreamRecord } from './stream-record.ts';

export type Counted = Pick<StreamRecord, 'client' | 'receivedAt' | 'from' | 'events'>;

/** What the records of one segment come to. */
export interface TallyCount {
  add(record: Counted): void;
  /** The record is written to another segment. */
  remove(record: Counted): void;
  /** undefined when nothing is left of it */
  close(producer: string, boot: string, segment: string): Tally | undefined;
}

export function createTallyCount(): TallyCount {
  const events = new Map<string, { client: string; minute: string; events: number }>();
  let from = Number.POSITIVE_INFINITY;
  let to = 0;

  function count({ client, receivedAt }: Counted, by: number): void {
    const minute = minuteOf(receivedAt);
    const key = `${minute} ${client}`;
    const known = events.get(key);
    if (known) known.events += by;
    else events.set(key, { client, minute, events: by });
  }

  return {
    add(record) {
      count(record, record.events);
      from = Math.min(from, record.from);
      to = Math.max(to, record.from + record.events - 1);
    },
    remove: (record) => count(record, -record.events),
    close(producer, boot, segment) {
      const counts = [...events.values()].filter(({ events }) => events > 0);
      return counts.length > 0 ? { producer, boot, segment, from, to, counts } : undefined;
    },
  };
}

/** `2026-11-24T13:05Z` */
const minuteOf = (time: number): string => `${new Date(time).toISOString().slice(0, 16)}Z`;
