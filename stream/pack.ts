import { MAX_RECORD_BYTES } from '../contracts/cloud-event.ts';

/** Bytes of an event's JSON in a record: it, and the comma or the bracket beside it. */
const sizeOf = (json: string) => Buffer.byteLength(json) + 1;

/** Whether an event's JSON, alone in a record, stays within MAX_RECORD_BYTES. */
export const fitsRecord = (json: string) => sizeOf(json) + 1 <= MAX_RECORD_BYTES;

/** One record: a JSON array of events. */
export interface Packed<T> {
  data: Buffer;
  /** what was packed, in order; at least one */
  items: T[];
}

/**
 * Packs events into records of at most MAX_RECORD_BYTES, in order. One that is larger by itself is a record by itself.
 * @param jsonOf an item's event as JSON
 */
export function* packRecords<T>(items: Iterable<T>, jsonOf: (item: T) => string): Generator<Packed<T>> {
  let open: { item: T; json: string }[] = [];
  let bytes = 2;
  const close = (): Packed<T> => {
    const data = Buffer.from(`[${open.map(({ json }) => json).join()}]`);
    const packed = { data, items: open.map(({ item }) => item) };
    open = [];
    bytes = 2;
    return packed;
  };
  for (const item of items) {
    const json = jsonOf(item);
    const size = sizeOf(json);
    if (open.length > 0 && bytes + size > MAX_RECORD_BYTES) yield close();
    open.push({ item, json });
    bytes += size;
  }
  if (open.length > 0) yield close();
}
