import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { forwardedIp, forwardedScheme, type IsTrusted } from './client-address.ts';
import type { RequestContext } from './context.ts';
import { createHeaderBag } from './header-bag.ts';
import { createBodyReader } from './request-body.ts';
import { readHeaders } from './request-headers.ts';
import { requestHost } from './router.ts';
import { normalizePath } from './uri.ts';

export interface ListenerFacts {
  /** the proxy listener's port */
  port: number;
  isTrusted: IsTrusted;
  maxBodyBytes: number;
}

/** What is known of a request before it is routed. */
export function createContext(
  req: IncomingMessage,
  res: ServerResponse,
  { port, isTrusted, maxBodyBytes }: ListenerFacts,
): RequestContext {
  const headers = readHeaders(req);
  // absolute-form targets (RFC 9112, 3.2.2) count by their path
  const uri = (req.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '') || '/';
  const mark = uri.indexOf('?');
  const rawPath = mark === -1 ? uri : uri.slice(0, mark);
  const peerIp = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const expects = headers.get('expect')?.[0]?.toLowerCase() === '100-continue';
  const ctx: RequestContext = {
    req,
    requestId: randomBytes(16).toString('hex'),
    startedAt: Date.now(),
    method: req.method ?? 'GET',
    uri,
    rawQuery: mark === -1 ? '' : uri.slice(mark + 1),
    path: normalizePath(rawPath),
    headers,
    peerIp,
    clientIp: forwardedIp(peerIp, headers, isTrusted),
    scheme: forwardedScheme(peerIp, headers, isTrusted),
    ...requestHost(headers, port),
    readBody: createBodyReader(req, maxBodyBytes, () => {
      if (ctx.awaitsContinue && !res.headersSent) res.writeContinue();
      ctx.awaitsContinue = false;
    }),
    awaitsContinue: expects,
    shared: new Map(),
    responseHeaders: createHeaderBag(),
  };
  return ctx;
}
