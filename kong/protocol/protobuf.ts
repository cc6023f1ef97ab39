/**
 * The Protocol Buffers wire format, as far as Kong's plugin protocol needs it: varints, doubles, length-delimited
 * fields, and google.protobuf.Value, Struct and ListValue as plain JavaScript values.
 */

/** Lua strings are bytes: a string field may be given as a Buffer when it is not UTF-8 text. */
export type Bytes = Uint8Array<ArrayBufferLike>;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type FieldType = 'int' | 'bool' | 'double' | 'string' | 'bytes' | 'value' | 'struct' | Message;
export interface Field {
  no: number;
  type: FieldType;
  repeated?: boolean;
}
export type Message = { [name: string]: Field };

/** Proto3: an absent field has its type's zero value, except for messages, which are undefined. */
export type Decoded = { [name: string]: unknown };

const EMPTY = Buffer.alloc(0);

function varint(value: number | bigint): Buffer {
  if (typeof value === 'number' && value >= 0 && value < 128) return Buffer.of(value);
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Buffer.from(out);
}

const tag = (no: number, wire: number) => varint(no * 8 + wire);

function delimited(no: number, bytes: Bytes): Buffer {
  return Buffer.concat([tag(no, 2), varint(bytes.length), bytes]);
}

function double(no: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(no, 1), bytes]);
}

const toBytes = (value: unknown): Bytes =>
  value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');

/** google.protobuf.Value: null 1, number 2, string 3, bool 4, struct 5, list 6. */
export function encodeValue(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.concat([tag(1, 0), varint(1)]);
  if (typeof value === 'number') return double(2, value);
  if (typeof value === 'boolean') return Buffer.concat([tag(4, 0), varint(value ? 1 : 0)]);
  if (typeof value === 'string' || value instanceof Uint8Array) return delimited(3, toBytes(value));
  if (Array.isArray(value)) return delimited(6, encodeList(value));
  return delimited(5, encodeStruct(value as Record<string, unknown>));
}

export function encodeList(values: unknown[]): Buffer {
  return Buffer.concat(values.map((value) => delimited(1, encodeValue(value))));
}

export function encodeStruct(fields: Record<string, unknown>): Buffer {
  const entries = Object.entries(fields).map(([key, value]) =>
    delimited(1, Buffer.concat([delimited(1, Buffer.from(key)), delimited(2, encodeValue(value))])),
  );
  return Buffer.concat(entries);
}

interface RawField {
  no: number;
  /** varint as a signed 64-bit integer, fixed64 and delimited as their bytes */
  value: bigint | Buffer;
}

/** @throws RangeError when the bytes are no message */
export function rawFields(bytes: Bytes): RawField[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: RawField[] = [];
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = buffer[at++];
      if (byte === undefined) throw new RangeError('truncated varint');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
    throw new RangeError('varint too long');
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > buffer.length) throw new RangeError('truncated field');
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const key = Number(readVarint());
    const no = Math.floor(key / 8);
    if (key % 8 === 0) fields.push({ no, value: readVarint() });
    else if (key % 8 === 1) fields.push({ no, value: take(8) });
    else if (key % 8 === 2) fields.push({ no, value: take(Number(readVarint())) });
    else if (key % 8 === 5) take(4);
    else throw new RangeError(`unknown wire type ${key % 8}`);
  }
  return fields;
}

function asBytes(value: bigint | Buffer | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw new RangeError('wrong wire type');
  return value;
}

function asVarint(value: bigint | Buffer): bigint {
  if (typeof value !== 'bigint') throw new RangeError('wrong wire type');
  return value;
}

export function decodeValue(bytes: Bytes): Json {
  let out: Json = null;
  for (const { no, value } of rawFields(bytes)) {
    if (no === 2) out = asBytes(value).readDoubleLE();
    else if (no === 3) out = asBytes(value).toString('utf8');
    else if (no === 4) out = asVarint(value) !== 0n;
    else if (no === 5) out = decodeStruct(asBytes(value));
    else if (no === 6) out = decodeList(asBytes(value));
  }
  return out;
}

export function decodeList(bytes: Bytes): Json[] {
  return rawFields(bytes)
    .filter(({ no }) => no === 1)
    .map(({ value }) => decodeValue(asBytes(value)));
}

export function decodeStruct(bytes: Bytes): { [key: string]: Json } {
  const out: [string, Json][] = [];
  for (const { value } of rawFields(bytes)) {
    const entry = rawFields(asBytes(value));
    const key = entry.find(({ no }) => no === 1)?.value;
    const item = entry.find(({ no }) => no === 2)?.value;
    const name = key === undefined ? '' : asBytes(key).toString('utf8');
    out.push([name, item === undefined ? null : decodeValue(asBytes(item))]);
  }
  return Object.fromEntries(out);
}

function encodeField({ no, type }: Field, value: unknown): Buffer {
  if (type === 'int') return Buffer.concat([tag(no, 0), varint(Math.trunc(Number(value)))]);
  if (type === 'bool') return Buffer.concat([tag(no, 0), varint(value ? 1 : 0)]);
  if (type === 'double') return double(no, Number(value));
  if (type === 'string' || type === 'bytes') return delimited(no, toBytes(value));
  if (type === 'value') return delimited(no, encodeValue(value));
  if (type === 'struct') return delimited(no, encodeStruct(value as Record<string, unknown>));
  return delimited(no, encodeMessage(type, value as Decoded));
}

/** null and undefined fields are left out. */
export function encodeMessage(message: Message, values: Decoded): Buffer {
  const parts: Buffer[] = [];
  for (const [name, field] of Object.entries(message)) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (field.repeated) for (const item of value as unknown[]) parts.push(encodeField(field, item));
    else parts.push(encodeField(field, value));
  }
  return parts.length === 0 ? EMPTY : Buffer.concat(parts);
}

function decodeField(type: FieldType, value: bigint | Buffer): unknown {
  if (type === 'int') return Number(asVarint(value));
  if (type === 'bool') return asVarint(value) !== 0n;
  const bytes = asBytes(value);
  if (type === 'double') return bytes.readDoubleLE();
  if (type === 'string') return bytes.toString('utf8');
  if (type === 'bytes') return bytes;
  if (type === 'value') return decodeValue(bytes);
  if (type === 'struct') return decodeStruct(bytes);
  return decodeMessage(type, bytes);
}

function zero({ type, repeated }: Field): unknown {
  if (repeated) return [];
  if (type === 'int' || type === 'double') return 0;
  if (type === 'bool') return false;
  if (type === 'string') return '';
  if (type === 'bytes') return EMPTY;
  return undefined;
}

/** @throws RangeError when the bytes are no such message */
export function decodeMessage(message: Message, bytes: Bytes): Decoded {
  const out: Decoded = {};
  const byNumber = new Map<number, [string, Field]>();
  for (const [name, field] of Object.entries(message)) {
    out[name] = zero(field);
    byNumber.set(field.no, [name, field]);
  }
  for (const { no, value } of rawFields(bytes)) {
    const known = byNumber.get(no);
    if (!known) continue;
    const [name, field] = known;
    const item = decodeField(field.type, value);
    if (field.repeated) (out[name] as unknown[]).push(item);
    else out[name] = item;
  }
  return out;
}
