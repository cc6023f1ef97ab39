import type { ServerResponse } from 'node:http';
import type { RequestContext } from './context.ts';
import { errorExit, notImplementedExit, raisedExit } from './error-response.ts';
import type { Generation } from './generation.ts';
import type { Log } from './log.ts';
import type { GatewayMetrics } from './metrics.ts';
import { collect, runAccess, runHeaderFilter, type Step } from './plugin-chain.ts';
import { firstHeader } from './request-headers.ts';
import { applyExit, sendExit } from './respond.ts';

export interface RequestFlow {
  /** From a request to its answer. */
  serve(ctx: RequestContext, res: ServerResponse, generation: Generation): Promise<void>;
}

export interface FlowFacts {
  log: Log;
  metrics: GatewayMetrics;
  maxBodyBytes: number;
  /** once true, each answer is its connection's last */
  isClosing(): boolean;
}

/** The way of a request: route, access phase, answer, header filters. No upstream is ever asked: deck:lint wants a backstop. */
export function createRequestFlow(facts: FlowFacts): RequestFlow {
  const { log, metrics, maxBodyBytes, isClosing } = facts;

  /** Finds the route and runs its plugins; what answers the request is left in `ctx.exit`. Undefined: no plugin had its turn. */
  async function runRoute(ctx: RequestContext, generation: Generation): Promise<Step[] | undefined> {
    const error = { accept: firstHeader(ctx.headers, 'accept'), requestId: ctx.requestId };
    const hosts = ctx.headers.get('host') ?? [];
    if (hosts.length > 1 || (ctx.req.httpVersion === '1.1' && !hosts[0])) {
      ctx.exit = errorExit(400, error);
      return;
    }
    if (Number(ctx.headers.get('content-length')?.[0] ?? 0) > maxBodyBytes) {
      ctx.exit = errorExit(413, error);
      return;
    }
    // as nginx: it knows no coding but this one, nor a list of them; no plugin sees its answer
    if ((ctx.headers.get('transfer-encoding')?.[0] ?? 'chunked').toLowerCase() !== 'chunked') {
      ctx.exit = notImplementedExit();
      return [];
    }
    const route = generation.match(ctx);
    if (!route) {
      ctx.exit = errorExit(404, error, 'no Route matched with those values');
      return;
    }
    ctx.route = route;
    ctx.service = route.service;
    if (!route.protocols.includes('http') && ctx.scheme !== 'https') {
      const upgrade = { Connection: 'Upgrade', Upgrade: 'TLS/1.2, HTTP/1.1' };
      ctx.exit = errorExit(426, error, 'Please use HTTPS protocol', upgrade);
      return;
    }
    const steps = await runAccess(generation.chainOf(route), ctx, log);
    if (ctx.exit) return steps;
    if (!ctx.service) ctx.exit = errorExit(503, error, 'no Service found with those values');
    else {
      log('err', 'no plugin answered, and no upstream is asked here', {
        request: ctx.requestId,
        service: ctx.service.name,
      });
      // what Kong answers where the upstream is away
      ctx.exit = errorExit(502, error);
    }
    return steps;
  }

  async function serve(ctx: RequestContext, res: ServerResponse, generation: Generation): Promise<void> {
    let steps: Step[] | undefined;
    try {
      steps = await runRoute(ctx, generation);
    } catch (error) {
      log('crit', `unexpected: ${(error as Error).message}`, { request: ctx.requestId });
      ctx.exit = raisedExit();
    }
    // a body that was announced and never asked for would be read as the next request
    const refused = !ctx.route && [400, 413, 501].includes(ctx.exit?.status ?? 0);
    let sent = 0;
    if (ctx.exit) {
      applyExit(ctx, ctx.exit);
      runHeaderFilter(steps ?? collect(generation.global), ctx);
      sent = sendExit(ctx, res, ctx.exit, isClosing() || refused || ctx.awaitsContinue);
    }
    metrics.observe(ctx, res.statusCode, {
      total: Date.now() - ctx.startedAt,
      received: Number(ctx.headers.get('content-length')?.[0] ?? 0),
      sent,
    });
  }

  return { serve };
}
