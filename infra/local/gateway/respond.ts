import type { ServerResponse } from 'node:http';
import type { RequestContext } from './context.ts';
import type { Exit } from './error-response.ts';

/** Clients see Kong's own name, since they are to see no difference. */
export const SERVER = 'kong/3.9.3';

/** nginx's reason phrases where they differ from Node's. */
const REASONS: Record<number, string> = {
  302: 'Moved Temporarily',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  416: 'Requested Range Not Satisfiable',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

function setStatus(res: ServerResponse, status: number): void {
  res.statusCode = status;
  const reason = REASONS[status];
  if (reason !== undefined) res.statusMessage = reason;
}

/** Named explicitly, or Node adds a Keep-Alive header that Kong does not send. */
function setConnection(res: ServerResponse, close: boolean): void {
  if (close) res.shouldKeepAlive = false;
  res.setHeader('Connection', res.shouldKeepAlive ? 'keep-alive' : 'close');
}

/** What a plugin may not decide: the length follows from the body, the framing from the connection. */
const OURS = new Set(['content-length', 'transfer-encoding', 'connection']);

/**
 * The response's own headers go in before the header filters run, so that a filter has the last word.
 */
export function applyExit(ctx: RequestContext, exit: Exit): void {
  for (const [name, value] of Object.entries(exit.headers))
    if (!OURS.has(name.toLowerCase())) ctx.responseHeaders.set(name, value);
}

/**
 * Sends a response that the gateway or a plugin made.
 * @returns the bytes of its body
 */
export function sendExit(ctx: RequestContext, res: ServerResponse, exit: Exit, close: boolean): number {
  if (res.headersSent || res.destroyed) return 0;
  setStatus(res, exit.status);
  const body = typeof exit.body === 'string' ? Buffer.from(exit.body) : (exit.body ?? Buffer.alloc(0));
  for (const [name, value] of ctx.responseHeaders.entries()) res.setHeader(name, value);
  const bodiless = exit.status === 204 || exit.status === 304;
  if (bodiless) res.removeHeader('Content-Type');
  else res.setHeader('Content-Length', body.length);
  setConnection(res, close);
  res.setHeader('X-Kong-Response-Latency', Math.round(Date.now() - ctx.startedAt));
  res.setHeader('Server', SERVER);
  res.setHeader('X-Kong-Request-Id', ctx.requestId);
  res.end(bodiless ? undefined : body);
  return body.length;
}
