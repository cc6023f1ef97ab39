import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Service } from './config-types.ts';
import type { RequestContext } from './context.ts';
import { SERVER, setConnection, setStatus, setUpstreamHeaders } from './respond.ts';
import { upstreamPath } from './uri.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** An upstream that can't be reached or does not answer: nginx's 502 or 504. */
export type ProxyFailure = { status: 502 | 504; reason: string };

export interface Proxy {
  /** Sends the request on and streams the answer back; a failure before the answer is left to the caller. */
  forward(
    ctx: RequestContext,
    service: Service,
    res: ServerResponse,
    lastOne: () => boolean,
  ): Promise<ProxyFailure | undefined>;
  close(): void;
}

/** The upstream's headers: the client's, without hop-by-hop ones, with Kong's X-Forwarded-* and X-Consumer-*. */
function upstreamHeaders(
  ctx: RequestContext,
  service: Service,
  trusted: boolean,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of ctx.upstreamHeaders)
    if (!HOP_BY_HOP.has(name) && !name.startsWith('x-consumer-') && !name.startsWith('x-credential-'))
      headers[name] = values.length === 1 ? (values[0] as string) : values;
  const first = (name: string) => (trusted ? ctx.headers.get(name)?.[0] : undefined);
  const before = ctx.headers.get('x-forwarded-for')?.join(', ');
  const port = service.port === 80 ? '' : `:${service.port}`;
  Object.assign(headers, {
    host: ctx.route?.preserve_host ? (ctx.headers.get('host')?.[0] ?? ctx.host) : `${service.host}${port}`,
    connection: 'keep-alive',
    via: `1.1 ${SERVER}`,
    'x-forwarded-for': before === undefined ? ctx.peerIp : `${before}, ${ctx.peerIp}`,
    'x-forwarded-proto': ctx.scheme,
    'x-forwarded-host': first('x-forwarded-host') ?? ctx.host,
    'x-forwarded-port': first('x-forwarded-port') ?? `${ctx.port}`,
    'x-forwarded-path': first('x-forwarded-path') ?? ctx.rawPath,
    'x-real-ip': ctx.clientIp,
    'x-kong-request-id': ctx.requestId,
  });
  if (ctx.matchedPrefix !== undefined) headers['x-forwarded-prefix'] = ctx.matchedPrefix;
  else delete headers['x-forwarded-prefix'];
  const { consumer, credential } = ctx;
  if (consumer) headers['x-consumer-id'] = consumer.id;
  if (consumer?.custom_id) headers['x-consumer-custom-id'] = consumer.custom_id;
  if (consumer?.username) headers['x-consumer-username'] = consumer.username;
  if (credential) headers['x-credential-identifier'] = credential.id;
  return headers;
}

function sendAnswer(
  ctx: RequestContext,
  answer: IncomingMessage,
  res: ServerResponse,
  lastOne: () => boolean,
  sent: number,
) {
  setStatus(res, answer.statusCode ?? 502);
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] as string;
    if (!HOP_BY_HOP.has(name.toLowerCase())) res.appendHeader(name, answer.rawHeaders[i + 1] as string);
  }
  for (const [name, value] of ctx.responseHeaders.entries()) res.setHeader(name, value);
  if (!res.hasHeader('Server')) res.setHeader('Server', SERVER);
  setConnection(res, lastOne());
  const latency = Math.round(Date.now() - sent);
  setUpstreamHeaders(ctx, res, latency);
  res.setHeader('X-Kong-Request-Id', ctx.requestId);
  answer.pipe(res);
}

export function createProxy(
  isTrusted: (ip: string) => boolean,
  beforeAnswer: (ctx: RequestContext) => void,
): Proxy {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  return {
    async forward(ctx, service, res, lastOne) {
      const prefix = ctx.route?.strip_path ? ctx.matchedPrefix : undefined;
      if (prefix === undefined) ctx.matchedPrefix = undefined;
      const path = upstreamPath(service.path ?? '/', ctx.path, prefix);
      const started = Date.now();
      const read = ctx.headers.has('content-length') || ctx.headers.has('transfer-encoding');
      const body = read ? await ctx.readBody() : undefined;
      const headers = upstreamHeaders(ctx, service, isTrusted(ctx.peerIp));
      if (body?.ok) headers['content-length'] = `${body.body.length}`;
      delete headers.expect;
      return new Promise((resolve) => {
        const upstream = request({
          agent,
          host: service.host,
          port: service.port,
          method: ctx.method,
          path: ctx.rawQuery === '' ? path : `${path}?${ctx.rawQuery}`,
          headers,
          setHost: false,
          timeout: Math.min(service.connect_timeout, service.read_timeout),
        });
        upstream.on('timeout', () => upstream.destroy(new Error('timeout')));
        upstream.on('error', (error) => {
          if (res.headersSent) {
            res.destroy();
            resolve(undefined);
          } else resolve({ status: error.message === 'timeout' ? 504 : 502, reason: error.message });
        });
        upstream.on('response', (answer) => {
          beforeAnswer(ctx);
          sendAnswer(ctx, answer, res, lastOne, started);
          answer.on('error', () => res.destroy());
          res.on('close', () => resolve(undefined));
        });
        upstream.end(body?.ok ? body.body : undefined);
      });
    },
    close: () => agent.destroy(),
  };
}
