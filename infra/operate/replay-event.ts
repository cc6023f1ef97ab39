import { createHash } from 'node:crypto';
import { v5, v7 } from 'uuid';
import { MAX_RECORD_BYTES, uuidv7Time } from '../../contracts/cloud-event.ts';
import { producerTriple, type StampedEvent } from '../../contracts/stamped-event.ts';
import { decodeRecord, type EnrichedEvent, EVENT_COLUMN_NAMES } from '../../storm/index.ts';
import type { PutTriple, RejectedRow } from './replay-rows.ts';

/** `producer` of events whose own could not be read; `boot` is then a UUIDv5 of the source id, `n` counts from 1. */
export const REPLAY_PRODUCER = 'replay';
/** Namespace of those UUIDv5: any one, the same for ever, so that a second try gives the same triples. */
const NAMESPACE = '5f2f7a52-98a0-4c55-9a2b-6f6b0b6c1d11';

/** A payload as it stands in an exported file: JSON, or the text (or base64) of what is no JSON. */
export interface Correction {
  payload: unknown;
  payload_encoding?: RejectedRow['payload_encoding'];
}

export type Replayable =
  /** one record for the stream */
  | { kind: 'record'; data: Buffer; partitionKey: string; triples: PutTriple[] }
  /** a row that was enriched already and goes to the store statement itself: its IP, hence its country, is gone */
  | { kind: 'row'; row: EnrichedEvent; triples: PutTriple[] }
  | { kind: 'refused'; reason: string };

/**
 * What puts a rejected row back: under its own triple, so that it leaves `rejected_events` when it is stored. Checked
 * here by the code that will decode it, so that nothing is put that would only be rejected again.
 * @param newIds gives ids that are refused for their clock one of the gateway's receipt, the same at every try
 */
export function replayable(row: RejectedRow, correction: Correction, newIds: boolean): Replayable {
  if (row.reason === 'unstorable') return enrichedRow(row, correction.payload);
  const items = itemsOf(correction);
  if (!items) return { kind: 'refused', reason: 'it is no JSON object: correct its payload' };
  const events = items.map((item, index) => stampAgain(item, row, index, newIds && row.reason === 'clock'));
  const data = JSON.stringify(events);
  const { events: decoded, rejected } = decodeRecord({ shard: '', sequence: '', data, encoding: 'text' });
  if (rejected[0]) return { kind: 'refused', reason: `${rejected[0].reason}: ${rejected[0].detail}` };
  if (Buffer.byteLength(data) > MAX_RECORD_BYTES)
    return { kind: 'refused', reason: `it is larger than a record (${MAX_RECORD_BYTES} bytes)` };
  const [{ event: first }] = decoded as [(typeof decoded)[number]];
  return {
    kind: 'record',
    data: Buffer.from(data),
    partitionKey: `${first.clientid}:${first.subject ?? first.requestid}`.slice(0, 256),
    triples: decoded.map(({ event }) => tripleOf(row.source_id, event)),
  };
}

function itemsOf({ payload, payload_encoding }: Correction): unknown[] | undefined {
  let value = payload;
  if (typeof payload === 'string') {
    const text = payload_encoding === 'base64' ? Buffer.from(payload, 'base64').toString('utf8') : payload;
    try {
      value = JSON.parse(text);
    } catch {
      return undefined;
    }
  }
  const items = Array.isArray(value) ? value : [value];
  return items.length > 0 && items.every((item) => typeof item === 'object' && item !== null)
    ? items
    : undefined;
}

/** The row's triple, else the event's own, else one made of the source id. */
function stampAgain(item: unknown, row: RejectedRow, index: number, newId: boolean): unknown {
  const event = item as StampedEvent;
  const own = producerTriple.safeParse(event);
  const triple =
    row.n !== null
      ? { producer: row.producer, boot: row.boot, n: row.n }
      : own.success
        ? own.data
        : { producer: REPLAY_PRODUCER, boot: v5(row.source_id, NAMESPACE), n: String(index + 1) };
  return { ...event, ...(newId ? { id: idAtReceipt(event) } : {}), ...triple };
}

/** A UUIDv7 of the receipt, its other bits those of a digest of the old id. */
function idAtReceipt({ id, receivedtime }: StampedEvent): string {
  if (typeof id !== 'string' || uuidv7Time(id) === null || Number.isNaN(Date.parse(receivedtime))) return id;
  const random = createHash('sha256').update(id.toLowerCase()).digest().subarray(0, 16);
  return v7({ msecs: Date.parse(receivedtime), random });
}

function enrichedRow(row: RejectedRow, payload: unknown): Replayable {
  const event = (typeof payload === 'string' ? tryParse(payload) : payload) as EnrichedEvent | undefined;
  if (typeof event !== 'object' || event === null || EVENT_COLUMN_NAMES.some((name) => !(name in event)))
    return { kind: 'refused', reason: `an enriched row has ${EVENT_COLUMN_NAMES.join(', ')}` };
  const stamped = row.n === null ? event : { ...event, producer: row.producer, boot: row.boot, n: row.n };
  const triple = producerTriple.safeParse(stamped);
  if (!triple.success) return { kind: 'refused', reason: 'its producer, boot or n is none' };
  return {
    kind: 'row',
    row: { ...stamped, ...triple.data } as EnrichedEvent,
    triples: [tripleOf(row.source_id, triple.data)],
  };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tripleOf(source_id: string, { producer, boot, n }: Omit<PutTriple, 'source_id'>): PutTriple {
  return { source_id, producer, boot: boot.toLowerCase(), n };
}
