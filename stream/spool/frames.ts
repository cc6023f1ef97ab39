import { crc32 } from 'node:zlib';

/** A record as it is framed; `data` is what Kinesis gets: a JSON array of stamped events. */
export interface FramedRecord {
  stream: string;
  partitionKey: string;
  data: Buffer;
}

/** Length and CRC-32 of the payload, each a u32 little-endian. */
const HEADER_BYTES = 8;
/** `"` inside a JSON string is escaped, so this ends the head and nothing before it can look the same. */
const DATA = ',"data":';

/** Header and payload: `{"stream":…,"partitionKey":…,"data":[…]}`. */
export function encodeFrame({ stream, partitionKey, data }: FramedRecord): Buffer {
  const head = `{"stream":${JSON.stringify(stream)},"partitionKey":${JSON.stringify(partitionKey)}${DATA}`;
  const headBytes = Buffer.byteLength(head);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + headBytes + data.length + 1);
  frame.write(head, HEADER_BYTES);
  data.copy(frame, HEADER_BYTES + headBytes);
  frame.write('}', frame.length - 1);
  frame.writeUInt32LE(frame.length - HEADER_BYTES);
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES)), 4);
  return frame;
}

/** @param frame one whole frame, header included */
export function decodeFrame(frame: Buffer): FramedRecord {
  const payload = frame.subarray(HEADER_BYTES);
  const end = payload.indexOf(DATA);
  const head = JSON.parse(`${payload.toString('utf8', 0, end)}}`) as Omit<FramedRecord, 'data'>;
  return { ...head, data: payload.subarray(end + DATA.length, -1) };
}

/** The frame at `offset`, header included; null where there is none that is whole. */
export function frameAt(bytes: Buffer, offset: number): Buffer | null {
  if (bytes.length - offset < HEADER_BYTES) return null;
  const length = bytes.readUInt32LE(offset);
  const end = offset + HEADER_BYTES + length;
  // a tail of zeros, as a crash of the machine leaves it, would have the CRC-32 of nothing: 0
  if (length === 0 || end > bytes.length) return null;
  const payload = bytes.subarray(offset + HEADER_BYTES, end);
  return crc32(payload) === bytes.readUInt32LE(offset + 4) ? bytes.subarray(offset, end) : null;
}

/** The intact frames from the start on; what is behind the first that is not is a torn tail. */
export function* intactFrames(bytes: Buffer): Generator<{ frame: Buffer; offset: number }> {
  let offset = 0;
  for (let frame = frameAt(bytes, 0); frame; frame = frameAt(bytes, offset)) {
    yield { frame, offset };
    offset += frame.length;
  }
}
