import type { ServerResponse } from 'node:http';
import type { IsTrusted } from './client-address.ts';
import type { RequestContext } from './context.ts';
import { errorExit, raisedExit } from './error-response.ts';
import type { Generation } from './generation.ts';
import type { Log } from './log.ts';
import type { GatewayMetrics } from './metrics.ts';
import { runAccess, runHeaderFilter, type Step } from './plugin-chain.ts';
import { createProxy } from './proxy.ts';
import { firstHeader } from './request-headers.ts';
import { applyExit, sendExit } from './respond.ts';

export interface RequestFlow {
  /** From a request to its answer. */
  serve(ctx: RequestContext, res: ServerResponse, generation: Generation): Promise<void>;
  close(): void;
}

export interface FlowFacts {
  log: Log;
  metrics: GatewayMetrics;
  isTrusted: IsTrusted;
  maxBodyBytes: number;
  /** once true, each answer is its connection's last */
  isClosing(): boolean;
}

/** The way of a request: route, access phase, upstream or answer, header filters. */
export function createRequestFlow(facts: FlowFacts): RequestFlow {
  const { log, metrics, isTrusted, maxBodyBytes, isClosing } = facts;
  const stepsOf = new WeakMap<RequestContext, Step[]>();
  const proxy = createProxy(isTrusted, (ctx) => runHeaderFilter(stepsOf.get(ctx) ?? [], ctx));

  /** Finds the route and runs its plugins; what answers the request is left in `ctx.exit`. */
  async function route(ctx: RequestContext, generation: Generation): Promise<void> {
    const error = { accept: firstHeader(ctx.headers, 'accept'), requestId: ctx.requestId };
    if (ctx.req.httpVersion === '1.1' && !ctx.headers.get('host')?.[0]) {
      ctx.exit = errorExit(400, error);
      return;
    }
    if (Number(ctx.headers.get('content-length')?.[0] ?? 0) > maxBodyBytes) {
      ctx.exit = errorExit(413, error);
      return;
    }
    const match = generation.match(ctx);
    if (!match) {
      ctx.exit = errorExit(404, error, 'no Route matched with those values');
      return;
    }
    ctx.route = match.route;
    ctx.service = match.route.service;
    ctx.matchedPrefix = match.route.strip_path ? match.prefix : undefined;
    if (!match.route.protocols.includes('http') && ctx.scheme !== 'https') {
      const upgrade = { Connection: 'Upgrade', Upgrade: 'TLS/1.2, HTTP/1.1' };
      ctx.exit = errorExit(426, error, 'Please use HTTPS protocol', upgrade);
      return;
    }
    stepsOf.set(ctx, await runAccess(generation.chainOf(match.route), ctx, log));
    if (!ctx.exit && !ctx.service) ctx.exit = errorExit(503, error, 'no Service found with those values');
  }

  async function serve(ctx: RequestContext, res: ServerResponse, generation: Generation): Promise<void> {
    try {
      await route(ctx, generation);
    } catch (error) {
      log('crit', `unexpected: ${(error as Error).message}`, { request: ctx.requestId });
      ctx.exit = raisedExit();
    }
    const decided = performance.now();
    // a body that was announced and never asked for would be read as the next request
    const refused = !ctx.route && (ctx.exit?.status === 400 || ctx.exit?.status === 413);
    const lastOne = () => isClosing() || refused || ctx.awaitsContinue;
    let proxied = false;
    if (!ctx.exit && ctx.service) {
      const failure = await proxy.forward(ctx, ctx.service, res, lastOne);
      proxied = true;
      if (failure) {
        log('err', `upstream: ${failure.reason}`, { request: ctx.requestId, service: ctx.service.name });
        const accept = firstHeader(ctx.headers, 'accept');
        ctx.exit = errorExit(failure.status, { accept, requestId: ctx.requestId });
      }
    }
    let sent = 0;
    if (ctx.exit) {
      applyExit(ctx, ctx.exit);
      runHeaderFilter(stepsOf.get(ctx) ?? [], ctx);
      sent = sendExit(
        ctx,
        res,
        ctx.exit,
        lastOne(),
        proxied ? Math.round(performance.now() - decided) : undefined,
      );
    }
    metrics.observe(ctx, res.statusCode, proxied, {
      total: Date.now() - ctx.startedAt,
      gateway: proxied ? performance.timeOrigin + decided - ctx.startedAt : Date.now() - ctx.startedAt,
      received: Number(ctx.headers.get('content-length')?.[0] ?? 0),
      sent,
    });
  }

  return { serve, close: () => proxy.close() };
}
