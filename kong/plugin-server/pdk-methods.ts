import { readFile } from 'node:fs/promises';
import * as messages from '../protocol/plugin-messages.ts';
import { decodeMessage, decodeValue, encodeList, encodeMessage, type Message } from '../protocol/protobuf.ts';

/** How a PDK method's arguments and result cross the wire (Kong 3.9's pluginsocket.proto). */
export interface Method {
  encode(args: unknown[]): Uint8Array;
  decode(result: Buffer): unknown;
}

const NOTHING = Buffer.alloc(0);
const noArgs = () => NOTHING;
const noResult = () => undefined;
const boxed = (message: Message) => (args: unknown[]) => encodeMessage(message, { v: args[0] });
/** An empty frame is Lua's nil. */
const box = (message: Message) => (result: Buffer) =>
  result.length === 0 ? undefined : decodeMessage(message, result).v;
const record = (message: Message) => (result: Buffer) =>
  result.length === 0 ? undefined : decodeMessage(message, result);

const getter = (message: Message): Method => ({ encode: noArgs, decode: box(message) });
const lookUp: Method = { encode: boxed(messages.StringBox), decode: box(messages.StringBox) };
const log: Method = { encode: (args) => encodeList(args), decode: noResult };

/** The methods a plugin may call (pdk.ts). */
export const METHODS = {
  'kong.client.get_forwarded_ip': getter(messages.StringBox),
  'kong.client.load_consumer': {
    encode: ([id, byUsername]) => encodeMessage(messages.ConsumerSpec, { id, by_username: byUsername }),
    decode: record(messages.Consumer),
  },
  'kong.client.authenticate': {
    encode: ([consumer, credential]) => encodeMessage(messages.AuthenticateArgs, { consumer, credential }),
    decode: noResult,
  },
  'kong.ctx.shared.get': {
    encode: boxed(messages.StringBox),
    decode: (result) => (result.length === 0 ? undefined : (decodeValue(result) ?? undefined)),
  },
  'kong.ctx.shared.set': {
    encode: ([k, v]) => encodeMessage(messages.KeyValue, { k, v }),
    decode: noResult,
  },
  'kong.log.err': log,
  'kong.nginx.get_var': lookUp,
  'kong.nginx.req_start_time': getter(messages.NumberBox),
  'kong.request.get_header': lookUp,
  'kong.request.get_method': getter(messages.StringBox),
  'kong.request.get_path': getter(messages.StringBox),
  'kong.request.get_raw_query': getter(messages.StringBox),
  'kong.request.get_raw_body': { encode: noArgs, decode: rawBody },
  'kong.response.exit': {
    encode: ([status, body, headers]) => encodeMessage(messages.ExitArgs, { status, body, headers }),
    decode: noResult,
  },
} satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

/** Kong sends the body itself, or where nginx spilled it to disk. */
function rawBody(result: Buffer): Buffer | Promise<Buffer> | undefined {
  const { content, body_filepath, error } = decodeMessage(messages.RawBody, result) as {
    content: Buffer;
    body_filepath: string;
    error: string;
  };
  if (error) throw new Error(`the request's body can not be read: ${error}`);
  if (body_filepath) return readFile(body_filepath);
  return content.length > 0 ? content : undefined;
}
