import protobuf from 'protobufjs/minimal.js';

// a CommonJS module, whose names Node does not see
type Reader = protobuf.Reader;
type Writer = protobuf.Writer;
const { Reader, Writer } = protobuf;

/**
 * Messages of Kong's plugin protocol (plugin-messages.ts) to bytes and back, and google.protobuf.Value, Struct and ListValue
 * as plain JavaScript values. The wire format itself is protobufjs'.
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
/** Wire types (protobuf.dev, "Encoding"). */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const tagOf = (no: number, wire: number) => (no << 3) | wire;

const finish = (writer: Writer) => writer.finish() as Buffer;

function writeText(writer: Writer, no: number, value: unknown): void {
  writer.uint32(tagOf(no, DELIMITED));
  if (value instanceof Uint8Array) writer.bytes(value);
  else writer.string(String(value));
}

function nested(writer: Writer, no: number, write: (writer: Writer) => void): void {
  writer.uint32(tagOf(no, DELIMITED)).fork();
  write(writer);
  writer.ldelim();
}

/** google.protobuf.Value: null 1, number 2, string 3, bool 4, struct 5, list 6. */
function writeValue(writer: Writer, value: unknown): void {
  if (value === null || value === undefined) writer.uint32(tagOf(1, VARINT)).int32(1);
  else if (typeof value === 'number') writer.uint32(tagOf(2, FIXED64)).double(value);
  else if (typeof value === 'boolean') writer.uint32(tagOf(4, VARINT)).bool(value);
  else if (typeof value === 'string' || value instanceof Uint8Array) writeText(writer, 3, value);
  else if (Array.isArray(value)) nested(writer, 6, (inner) => writeList(inner, value));
  else nested(writer, 5, (inner) => writeStruct(inner, value as Record<string, unknown>));
}

function writeList(writer: Writer, values: unknown[]): void {
  for (const value of values) nested(writer, 1, (inner) => writeValue(inner, value));
}

function writeStruct(writer: Writer, fields: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(fields))
    nested(writer, 1, (entry) => {
      writeText(entry, 1, key);
      nested(entry, 2, (inner) => writeValue(inner, value));
    });
}

function writeField(writer: Writer, { no, type }: Field, value: unknown): void {
  if (type === 'int') writer.uint32(tagOf(no, VARINT)).int64(Math.trunc(Number(value)));
  else if (type === 'bool') writer.uint32(tagOf(no, VARINT)).bool(Boolean(value));
  else if (type === 'double') writer.uint32(tagOf(no, FIXED64)).double(Number(value));
  else if (type === 'string' || type === 'bytes') writeText(writer, no, value);
  else
    nested(writer, no, (inner) => {
      if (type === 'value') writeValue(inner, value);
      else if (type === 'struct') writeStruct(inner, value as Record<string, unknown>);
      else writeMessage(inner, type, value as Decoded);
    });
}

function writeMessage(writer: Writer, message: Message, values: Decoded): void {
  for (const [name, field] of planOf(message).fields) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (field.repeated) for (const item of value as unknown[]) writeField(writer, field, item);
    else writeField(writer, field, value);
  }
}

export function encodeValue(value: unknown): Buffer {
  const writer = Writer.create();
  writeValue(writer, value);
  return finish(writer);
}

export function encodeList(values: unknown[]): Buffer {
  const writer = Writer.create();
  writeList(writer, values);
  return finish(writer);
}

/** null and undefined fields are left out. */
export function encodeMessage(message: Message, values: Decoded): Buffer {
  const writer = Writer.create();
  writeMessage(writer, message, values);
  return finish(writer);
}

function expect(tag: number, wire: number): void {
  if ((tag & 7) !== wire) throw new RangeError('wrong wire type');
}

/** Calls `take` with each field's number and tag until `end`; what it does not read (it returns false) is skipped. */
function eachField(reader: Reader, end: number, take: (no: number, tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, tag)) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError('truncated field');
}

/** Where a nested message that begins here ends. */
function endOf(reader: Reader, tag: number): number {
  expect(tag, DELIMITED);
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError('truncated field');
  return end;
}

function readInt(reader: Reader, tag: number): number {
  expect(tag, VARINT);
  const value = reader.int64() as unknown as number | { toNumber(): number };
  return typeof value === 'number' ? value : value.toNumber();
}

function readDouble(reader: Reader, tag: number): number {
  expect(tag, FIXED64);
  return reader.double();
}

function readText(reader: Reader, tag: number): string {
  // not its own string(), which cuts at the end of what there is
  return readBytes(reader, tag).toString('utf8');
}

function readBytes(reader: Reader, tag: number): Buffer {
  const end = endOf(reader, tag);
  const bytes = (reader.buf as Buffer).subarray(reader.pos, end);
  reader.pos = end;
  return bytes;
}

function readValue(reader: Reader, end: number): Json {
  let out: Json = null;
  eachField(reader, end, (no, tag) => {
    if (no === 2) out = readDouble(reader, tag);
    else if (no === 3) out = readText(reader, tag);
    else if (no === 4) out = readInt(reader, tag) !== 0;
    else if (no === 5) out = readStruct(reader, endOf(reader, tag));
    else if (no === 6) out = readList(reader, endOf(reader, tag));
    else return false;
    return true;
  });
  return out;
}

function readList(reader: Reader, end: number): Json[] {
  const out: Json[] = [];
  eachField(reader, end, (no, tag) => {
    if (no !== 1) return false;
    out.push(readValue(reader, endOf(reader, tag)));
    return true;
  });
  return out;
}

function readStruct(reader: Reader, end: number): { [key: string]: Json } {
  const out: [string, Json][] = [];
  eachField(reader, end, (no, tag) => {
    if (no !== 1) return false;
    const entry: [string, Json] = ['', null];
    eachField(reader, endOf(reader, tag), (part, inner) => {
      if (part === 1) entry[0] = readText(reader, inner);
      else if (part === 2) entry[1] = readValue(reader, endOf(reader, inner));
      else return false;
      return true;
    });
    out.push(entry);
    return true;
  });
  return Object.fromEntries(out);
}

function readField(reader: Reader, type: FieldType, tag: number): unknown {
  if (type === 'int') return readInt(reader, tag);
  if (type === 'bool') return readInt(reader, tag) !== 0;
  if (type === 'double') return readDouble(reader, tag);
  if (type === 'string') return readText(reader, tag);
  if (type === 'bytes') return readBytes(reader, tag);
  const end = endOf(reader, tag);
  if (type === 'value') return readValue(reader, end);
  if (type === 'struct') return readStruct(reader, end);
  return readMessage(reader, type, end);
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

function readMessage(reader: Reader, message: Message, end: number): Decoded {
  const { fields, byNumber } = planOf(message);
  const out: Decoded = {};
  for (const [name, field] of fields) out[name] = zero(field);
  eachField(reader, end, (no, tag) => {
    const known = byNumber.get(no);
    if (!known) return false;
    const [name, field] = known;
    const item = readField(reader, field.type, tag);
    if (field.repeated) (out[name] as unknown[]).push(item);
    else out[name] = item;
    return true;
  });
  return out;
}

/** @throws RangeError when the bytes are no such message: protobufjs has other errors, too */
function reading<T>(bytes: Bytes, read: (reader: Reader, end: number) => T): T {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = Reader.create(buffer);
  try {
    return read(reader, reader.len);
  } catch (error) {
    throw error instanceof RangeError ? error : new RangeError((error as Error).message);
  }
}

/** @throws RangeError when the bytes are no value */
export const decodeValue = (bytes: Bytes): Json => reading(bytes, readValue);

/** @throws RangeError when the bytes are no list */
export const decodeList = (bytes: Bytes): Json[] => reading(bytes, readList);

/** @throws RangeError when the bytes are no such message */
export const decodeMessage = (message: Message, bytes: Bytes): Decoded =>
  reading(bytes, (reader, end) => readMessage(reader, message, end));
