import { parseStampedEvent, producerTriple, type StampedEvent } from '../../contracts/stamped-event.ts';
import type { RawRecord } from '../spout/record-batch.ts';
import { eventDay } from './clock.ts';
import { withoutAddresses, withoutClientIp } from './redact.ts';
import { originOf, type RejectedEvent, reject } from './rejected.ts';

export interface DecodedEvent {
  event: StampedEvent;
  /** yyyy-mm-dd */
  day: string;
}

export interface Decoded {
  events: DecodedEvent[];
  rejected: RejectedEvent[];
}

/** The events of one Kinesis record; whatever can't be one is rejected by itself and harms nothing beside it. */
export function decodeRecord(record: RawRecord): Decoded {
  const recordId = `${record.shard}/${record.sequence}`;
  const parsed = parseRecord(record);
  if (!('items' in parsed)) return { events: [], rejected: [rejectRecord(record, parsed.detail)] };
  const decoded: Decoded = { events: [], rejected: [] };
  parsed.items.forEach((item, index) => {
    const result = parseStampedEvent(item);
    const clock = 'event' in result ? eventDay(result.event) : undefined;
    if ('event' in result && clock && 'day' in clock) {
      decoded.events.push({ event: result.event, day: clock.day });
      return;
    }
    const payload = { payload: withoutClientIp(item), payload_encoding: 'json' as const };
    const source = sourceOf(item, `${recordId}/${index}`);
    if ('detail' in result) decoded.rejected.push(reject(source, 'invalid', result.detail, payload));
    else if (clock && 'detail' in clock)
      decoded.rejected.push(reject(source, 'clock', clock.detail, payload));
  });
  return decoded;
}

/** The whole record, as it came. */
export function rejectRecord(record: RawRecord, detail: string): RejectedEvent {
  return reject({ source_id: `${record.shard}/${record.sequence}` }, 'decode', detail, garbage(record));
}

function parseRecord({ encoding, data }: RawRecord): { items: unknown[] } | { detail: string } {
  if (encoding === 'base64') return { detail: 'the record is not text' };
  try {
    const value: unknown = JSON.parse(data);
    if (!Array.isArray(value)) return { detail: 'the record is no JSON array' };
    return value.length > 0 ? { items: value } : { detail: 'the record holds no event' };
  } catch {
    return { detail: 'the record is no JSON' };
  }
}

/** The triple where there is a whole one: it lets the books balance even for an event that is rejected. */
function sourceOf(item: unknown, recordId: string) {
  const triple = producerTriple.safeParse(item);
  if (!triple.success) return { source_id: recordId };
  const { producer, boot, n } = triple.data;
  const { clientid, receivedtime } = item as { clientid?: unknown; receivedtime?: unknown };
  return { source_id: tripleId(triple.data), producer, boot, n, ...originOf(clientid, receivedtime) };
}

export function tripleId({ producer, boot, n }: { producer: string; boot: string; n: string }): string {
  return `${producer}/${boot.toLowerCase()}/${n}`;
}

function garbage({ encoding, data }: RawRecord): Pick<RejectedEvent, 'payload' | 'payload_encoding'> {
  if (encoding === 'text') return { payload: withoutAddresses(data), payload_encoding: 'text' };
  // byte for byte: an address in clear text inside must go as well
  let bytes = withoutAddresses(Buffer.from(data, 'base64').toString('latin1'));
  // text in UTF-16 has a zero beside each character of an address
  const unspaced = bytes.replaceAll('\u0000', '');
  if (withoutAddresses(unspaced) !== unspaced) bytes = withoutAddresses(unspaced);
  return { payload: Buffer.from(bytes, 'latin1').toString('base64'), payload_encoding: 'base64' };
}
