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

/** One byte each, made once: most tags and lengths are such. */
const SMALL = Array.from({ length: 128 }, (_, value) => Buffer.of(value));

function varint(value: number | bigint): Buffer {
  if (typeof value === 'number' && value >= 0 && value < 16_384) {
    if (value < 128) return SMALL[value] as Buffer;
    return Buffer.of((value & 127) | 128, value >> 7);
  }
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
  const head = tag(no, 2);
  const length = varint(bytes.length);
  const out = Buffer.allocUnsafe(head.length + length.length + bytes.length);
  out.set(head);
  out.set(length, head.length);
  out.set(bytes, head.length + length.length);
  return out;
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
  value: bigint | number | Buffer;
}

/** Walks the fields of a message. @throws RangeError when the bytes are no message */
function eachField(bytes: Bytes, take: (no: number, value: RawField['value']) => void): void {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.length;
  let at = 0;
  const readVarint = (): number | bigint => {
    // four bytes are enough for nearly all of them, and fit a number's bit operations
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = buffer[at++];
      if (byte === undefined) throw new RangeError('truncated varint');
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    let wide = BigInt(value);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = buffer[at++];
      if (byte === undefined) throw new RangeError('truncated varint');
      wide |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, wide);
    }
    throw new RangeError('varint too long');
  };
  const slice = (length: number): Buffer => {
    if (length < 0 || at + length > end) throw new RangeError('truncated field');
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < end) {
    const key = Number(readVarint());
    const no = Math.floor(key / 8);
    const wire = key % 8;
    if (wire === 2) take(no, slice(Number(readVarint())));
    else if (wire === 0) take(no, readVarint());
    else if (wire === 1) take(no, slice(8));
    else if (wire === 5) slice(4);
    else throw new RangeError(`unknown wire type ${wire}`);
  }
}

/** @throws RangeError when the bytes are no message */
function rawFields(bytes: Bytes): RawField[] {
  const fields: RawField[] = [];
  eachField(bytes, (no, value) => void fields.push({ no, value }));
  return fields;
}

function asBytes(value: RawField['value'] | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw new RangeError('wrong wire type');
  return value;
}

function asVarint(value: RawField['value']): number | bigint {
  if (typeof value === 'object') throw new RangeError('wrong wire type');
  return value;
}

export function decodeValue(bytes: Bytes): Json {
  let out: Json = null;
  for (const { no, value } of rawFields(bytes)) {
    if (no === 2) out = asBytes(value).readDoubleLE();
    else if (no === 3) out = asBytes(value).toString('utf8');
    else if (no === 4) out = Number(asVarint(value)) !== 0;
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
  for (const [name, field] of planOf(message).fields) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (field.repeated) for (const item of value as unknown[]) parts.push(encodeField(field, item));
    else parts.push(encodeField(field, value));
  }
  if (parts.length === 0) return EMPTY;
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function decodeField(type: FieldType, value: RawField['value']): unknown {
  if (type === 'int') return Number(asVarint(value));
  if (type === 'bool') return Number(asVarint(value)) !== 0;
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

interface Plan {
  fields: [name: string, field: Field][];
  byNumber: Map<number, [name: string, field: Field]>;
}
const plans = new WeakMap<Message, Plan>();

/** What a message's definition says, in the order and by the numbers it is asked for; worked out once. */
function planOf(message: Message): Plan {
  let plan = plans.get(message);
  if (!plan) {
    const fields = Object.entries(message);
    plan = { fields, byNumber: new Map(fields.map((entry) => [entry[1].no, entry])) };
    plans.set(message, plan);
  }
  return plan;
}

/** @throws RangeError when the bytes are no such message */
export function decodeMessage(message: Message, bytes: Bytes): Decoded {
  const { fields, byNumber } = planOf(message);
  const out: Decoded = {};
  for (const [name, field] of fields) out[name] = zero(field);
  eachField(bytes, (no, value) => {
    const known = byNumber.get(no);
    if (!known) return;
    const [name, field] = known;
    const item = decodeField(field.type, value);
    if (field.repeated) (out[name] as unknown[]).push(item);
    else out[name] = item;
  });
  return out;
}
