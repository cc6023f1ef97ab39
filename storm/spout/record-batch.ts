import { isUtf8 } from 'node:buffer';

/**
 * A tuple of the spout: raw records of one shard, in order, as one string. ASCII separators instead of nested JSON:
 * the string is escaped once more by the multilang protocol, and twice-escaped JSON is 40 % longer on its way
 * through the JVM.
 */
const RECORD = '\u001e';
const FIELD = '\u001f';

export interface RawRecord {
  shard: string;
  sequence: string;
  /** the record's text, or its base64 when `encoding` says so */
  data: string;
  encoding: 'text' | 'base64';
}

/** No JSON document holds these raw, so whatever does is garbage and travels as base64. */
const UNFIT = ['\u0000', RECORD, FIELD];

/** Record data as text where it is text. */
export function toRawRecord(shard: string, sequence: string, data: Uint8Array): RawRecord {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    if (!UNFIT.some((character) => text.includes(character)))
      return { shard, sequence, data: text, encoding: 'text' };
  }
  return { shard, sequence, data: bytes.toString('base64'), encoding: 'base64' };
}

export function encodeBatch(records: RawRecord[]): string {
  return records
    .map(({ shard, sequence, encoding, data }) => [shard, sequence, encoding, data].join(FIELD))
    .join(RECORD);
}

export function decodeBatch(batch: string): RawRecord[] {
  return batch.split(RECORD).map((record) => {
    const [shard, sequence, encoding, data] = record.split(FIELD) as [
      string,
      string,
      'text' | 'base64',
      string,
    ];
    return { shard, sequence, encoding, data };
  });
}
