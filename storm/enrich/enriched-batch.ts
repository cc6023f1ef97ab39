import type { RejectedEvent } from '../decode/rejected.ts';
import { type EnrichedEvent, EVENT_COLUMN_NAMES } from './enriched-event.ts';

/** A tuple of the enrich bolt. */
export interface EnrichedBatch {
  events: EnrichedEvent[];
  rejected: RejectedEvent[];
}

/** As JSON, the events as bare values in the order of the columns: their names would be half of the text. */
export function encodeEnriched({ events, rejected }: EnrichedBatch): string {
  return JSON.stringify({
    events: events.map((event) => EVENT_COLUMN_NAMES.map((name) => event[name])),
    rejected,
  });
}

export function decodeEnriched(text: string): EnrichedBatch {
  const { events, rejected } = JSON.parse(text) as { events: unknown[][]; rejected: RejectedEvent[] };
  const rows = events.map(
    (values) =>
      Object.fromEntries(
        EVENT_COLUMN_NAMES.map((name, index) => [name, values[index]]),
      ) as unknown as EnrichedEvent,
  );
  return { events: rows, rejected };
}
