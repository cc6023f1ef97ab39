import { validateHeaderName } from 'node:http';
import * as messages from '../../../kong/protocol/plugin-messages.ts';
import {
  type Bytes,
  type Decoded,
  decodeList,
  decodeMessage,
  encodeMessage,
  encodeValue,
  type Json,
  type Message,
} from '../../../kong/protocol/protobuf.ts';
import type { Consumer } from './config-types.ts';
import type { RequestContext } from './context.ts';
import type { Log } from './log.ts';
import { firstHeader } from './request-headers.ts';
import { UUID } from './schema.ts';

/** What the PDK needs besides the request. */
export interface PdkEnvironment {
  log: Log;
  findConsumer(idOrName: string, byUsername: boolean): Consumer | undefined;
}

/** A call that raises in Lua: Kong answers 500. */
export class PdkError extends Error {}

type Call = (ctx: RequestContext, args: Bytes, env: PdkEnvironment, plugin: string) => Bytes | Promise<Bytes>;

const EMPTY = Buffer.alloc(0);
/** Node reads header bytes as Latin-1; the plugin gets the bytes as they came. */
const headerBytes = (value: string) => Buffer.from(value, 'latin1');

const stringArg = (args: Bytes) => decodeMessage(messages.StringBox, args).v as string;
const box = (message: Message, v: unknown): Bytes => encodeMessage(message, { v });

/** Methods without argument whose answer is one String, Int, Number or Bool; undefined is Lua's nil, an empty frame. */
const getter =
  (message: Message, read: (ctx: RequestContext, env: PdkEnvironment) => unknown): Call =>
  (ctx, _args, env) =>
    box(message, read(ctx, env));
const string = (read: (ctx: RequestContext, env: PdkEnvironment) => string | Bytes | undefined) =>
  getter(messages.StringBox, read);

/** nginx variables; others than these are nil, as an unknown variable is in Kong. */
function nginxVariable(ctx: RequestContext, name: string): string | undefined {
  if (name.startsWith('http_')) return firstHeader(ctx.headers, name.slice(5));
  if (name.startsWith('arg_')) return new URLSearchParams(ctx.rawQuery).get(name.slice(4)) ?? undefined;
  const variables: Record<string, string | undefined> = {
    kong_request_id: ctx.requestId,
    request_id: ctx.requestId,
    remote_addr: ctx.clientIp,
    realip_remote_addr: ctx.peerIp,
    request_method: ctx.method,
    request_uri: ctx.uri,
    uri: ctx.path,
    args: ctx.rawQuery,
    host: ctx.host,
    scheme: 'http',
    content_type: firstHeader(ctx.headers, 'content-type'),
    content_length: firstHeader(ctx.headers, 'content-length'),
    server_protocol: `HTTP/${ctx.req.httpVersion}`,
  };
  return variables[name];
}

/** lua-nginx-module escapes these in a header's value, so that none can end the line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;
const escapeCharacter = (character: string) =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** Header values that a plugin may give: text, number, boolean, or a list of them (kong/pdk/response.lua). */
function headerValue(value: Json | undefined, name: string): string | string[] {
  // what HTTP can not carry must fail its own request here, not the response later
  validateHeaderName(name);
  const one = (item: Json | undefined): string => {
    if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean')
      return Buffer.from(`${item}`, 'utf8').toString('latin1').replace(CONTROL, escapeCharacter);
    throw new PdkError(`invalid value for header ${name}`);
  };
  return Array.isArray(value) ? value.map(one) : one(value);
}

function exit(ctx: RequestContext, args: Bytes): Bytes {
  const { status, body, headers } = decodeMessage(messages.ExitArgs, args);
  if ((status as number) < 100 || (status as number) > 599)
    throw new PdkError('code must be a number between 100 and 599');
  if ((status as number) < 200) throw new PdkError('an interim status is no answer');
  const entries = Object.entries((headers ?? {}) as Record<string, Json>);
  ctx.exit = {
    status: status as number,
    headers: Object.fromEntries(entries.map(([name, value]) => [name, headerValue(value, name)])),
    body: body as Buffer,
  };
  return EMPTY;
}

function authenticate(ctx: RequestContext, args: Bytes): Bytes {
  const { consumer, credential } = decodeMessage(messages.AuthenticateArgs, args);
  if (!consumer && !credential) throw new PdkError('either credential or consumer must be provided');
  ctx.consumer = consumer as Consumer | undefined;
  ctx.credential = credential as RequestContext['credential'];
  return EMPTY;
}

function loadConsumer(_ctx: RequestContext, args: Bytes, env: PdkEnvironment): Bytes {
  const { id, by_username } = decodeMessage(messages.ConsumerSpec, args);
  if (!by_username && !UUID.test(id as string))
    throw new PdkError('cannot load a consumer with an id that is not a uuid');
  const consumer = env.findConsumer(id as string, by_username as boolean);
  return consumer ? encodeMessage(messages.Consumer, consumer as unknown as Decoded) : EMPTY;
}

async function rawBody(ctx: RequestContext): Promise<Bytes> {
  const read = await ctx.readBody();
  return encodeMessage(
    messages.RawBody,
    read.ok ? { content: read.body } : { error: "Can't read request body" },
  );
}

function logError(ctx: RequestContext, args: Bytes, env: PdkEnvironment, plugin: string): Bytes {
  env.log('err', decodeList(args).map(String).join(''), { plugin, request: ctx.requestId });
  return EMPTY;
}

/**
 * The PDK methods that our plugins call, by their Lua names in Kong's pluginsocket.proto; any other ends the request with
 * 500. `kong.response.exit` has no answer: the caller drops the connection once `ctx.exit` is set.
 */
export const PDK: Readonly<Record<string, Call>> = {
  'kong.client.get_forwarded_ip': string((ctx) => ctx.clientIp),
  'kong.client.load_consumer': loadConsumer,
  'kong.client.authenticate': authenticate,
  'kong.ctx.shared.get': (ctx, args) => encodeValue(ctx.shared.get(stringArg(args))),
  'kong.ctx.shared.set': (ctx, args) => {
    const { k, v } = decodeMessage(messages.KeyValue, args);
    ctx.shared.set(k as string, (v ?? null) as Json);
    return EMPTY;
  },
  'kong.log.err': logError,
  'kong.nginx.get_var': (ctx, args) => box(messages.StringBox, nginxVariable(ctx, stringArg(args))),
  'kong.nginx.req_start_time': getter(messages.NumberBox, (ctx) => ctx.startedAt / 1000),
  'kong.request.get_method': string((ctx) => ctx.method),
  'kong.request.get_path': string((ctx) => ctx.path),
  'kong.request.get_raw_query': string((ctx) => ctx.rawQuery),
  'kong.request.get_header': (ctx, args) => {
    const value = firstHeader(ctx.headers, stringArg(args));
    return value === undefined ? EMPTY : box(messages.StringBox, headerBytes(value));
  },
  'kong.request.get_raw_body': rawBody,
  'kong.response.exit': exit,
};
