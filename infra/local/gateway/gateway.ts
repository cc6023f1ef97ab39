import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminApi } from './admin/admin-api.ts';
import { createAdminServer } from './admin/admin-server.ts';
import { createChangeFollower } from './change-follower.ts';
import { trustedIps } from './client-address.ts';
import { createConfiguration } from './configuration.ts';
import { correlationId } from './correlation-id.ts';
import { cors } from './cors.ts';
import { createContext } from './create-context.ts';
import { raisedExit } from './error-response.ts';
import type { Generation } from './generation.ts';
import { answerClientError } from './http-errors.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createPluginRpc } from './plugin-rpc.ts';
import { rateLimiting } from './rate-limiting.ts';
import { createRequestFlow } from './request-flow.ts';
import { requestSizeLimiting } from './request-size-limiting.ts';
import { requestTermination } from './request-termination.ts';
import { applyExit, sendExit } from './respond.ts';
import { createStatusServer } from './status-server.ts';

export interface GatewayOptions {
  /** the decK file; with `stateFile` only what that starts from while it is empty */
  declarative?: string;
  /** where what is synced over the Admin API is kept; omitted: the Admin API is read-only */
  stateFile?: string;
  /** omitted: no Admin API */
  adminPort?: number;
  /** 0: any free port */
  proxyPort?: number;
  /** omitted: no status listener */
  statusPort?: number;
  /** the plugin server's unix socket; needed once the file names a plugin that is not bundled */
  socketPath?: string;
  /** schema dumps of the plugin server's plugins */
  dumpsDir?: string;
  /** where `${{ env "DECK_…" }}` is looked up */
  env?: Record<string, string | undefined>;
  trustedIps?: string[];
  /** how long the plugin server may leave a read unanswered; Kong's default is 60 s */
  pluginTimeoutMs?: number;
  /** nginx's client_max_body_size; a plugin's raw body is never larger */
  maxBodyBytes?: number;
  /** nginx's client_header_timeout and client_body_timeout */
  requestTimeoutMs?: number;
  /** how long `close` waits for the requests under way */
  drainMs?: number;
  log: Log;
}

export interface Gateway {
  proxyPort: number;
  statusPort?: number;
  adminPort?: number;
  /** Reads the file again and swaps it in; a bad file changes nothing. @throws DeclarativeError */
  reload(): Promise<void>;
  /** Takes no new connection, lets the requests under way finish, then ends. */
  close(): Promise<void>;
}

/** The Kong whose behaviour and Admin API this gateway has. */
const KONG_VERSION = '3.9.3';
const LOOPBACK = '127.0.0.1';
/** nginx: large_client_header_buffers 4 8k */
const MAX_HEADER_BYTES = 32 * 1024;

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Starts a gateway on loopback that serves a decK file as Kong 3.9 would.
 * @throws DeclarativeError when the file asks for what it can't honour; a listen error when a port is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, maxBodyBytes = 1024 * 1024, requestTimeoutMs = 60_000, drainMs = 30_000 } = options;
  const isTrusted = trustedIps(options.trustedIps ?? []);
  const metrics = createMetrics();
  const limits = rateLimiting(log);
  const bundled = [cors, correlationId, requestSizeLimiting, limits, metrics.plugin, requestTermination];
  let current: Generation;

  const rpc = createPluginRpc({
    socketPath: options.socketPath ?? '',
    timeoutMs: options.pluginTimeoutMs ?? 60_000,
    env: {
      log,
      findConsumer: (key, byUsername) => current.findConsumer(key, byUsername),
    },
    onFailure: (plugin) => metrics.pluginErrors.inc({ plugin }),
  });

  const configuration = createConfiguration({
    declarative: options.declarative,
    stateFile: options.stateFile,
    dumpsDir: options.dumpsDir,
    env: options.env ?? process.env,
    hasPluginServer: Boolean(options.socketPath),
    bundled,
    external: () => (ctx, entity) => rpc.handleEvent(entity, 'access', ctx),
  });
  current = configuration.load();
  let closing = false;
  let active = 0;
  let onIdle: (() => void) | undefined;

  const flow = createRequestFlow({ log, metrics, maxBodyBytes, isClosing: () => closing });

  function handle(req: IncomingMessage, res: ServerResponse): void {
    const generation = current;
    generation.active += 1;
    active += 1;
    metrics.requests.inc();
    const ctx = createContext(req, res, { port: proxyPort, isTrusted, maxBodyBytes });
    res.on('error', () => {}); // the client went away
    flow
      .serve(ctx, res, generation)
      .catch((error: Error) => {
        log('crit', `unexpected: ${error.message}`, { request: ctx.requestId });
        if (res.headersSent) res.destroy();
        else {
          // what was prepared may be what could not be sent
          for (const [name] of [...ctx.responseHeaders.entries()]) ctx.responseHeaders.remove(name);
          for (const name of res.getHeaderNames()) res.removeHeader(name);
          applyExit(ctx, raisedExit());
          sendExit(ctx, res, raisedExit(), true);
        }
      })
      .finally(() => {
        generation.active -= 1;
        active -= 1;
        if (generation !== current && generation.active === 0) void rpc.release(current.external);
        if (active === 0) onIdle?.();
      });
  }

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs * 2,
      connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs),
      keepAliveTimeout: 65_000,
      requireHostHeader: false,
      noDelay: true,
    },
    handle,
  );
  server.on('checkContinue', handle);
  server.on('connection', (socket) => {
    metrics.connections.inc();
    socket.once('close', () => metrics.connections.dec());
  });
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket, randomBytes(16).toString('hex')),
  );

  const proxyPort = await listen(server, options.proxyPort ?? 0);
  async function swap(next: Generation): Promise<void> {
    const before = current;
    current = next;
    if (before.active === 0) await rpc.release(next.external);
  }

  const changes = createChangeFollower(async () => {
    const next = configuration.load();
    await rpc.prepare(next.external).catch((error: Error) => {
      // Kong takes a change at once, too; the instance is started by the first event
      log('warn', `the plugin server did not start the new instances: ${error.message}`);
    });
    await swap(next);
  }, log);
  const { save } = configuration;
  const api = createAdminApi({
    store: configuration.store,
    plugins: configuration.plugins,
    version: KONG_VERSION,
    save:
      save &&
      (async () => {
        await save();
        changes.follow();
      }),
  });
  const listeners: Server[] = [];
  /** A listener beside the proxy; a taken port ends what listens already. */
  async function listenToo(port: number | undefined, create: () => Server): Promise<number | undefined> {
    if (port === undefined) return undefined;
    const listener = create();
    try {
      const bound = await listen(listener, port);
      listeners.push(listener);
      return bound;
    } catch (error) {
      for (const other of [server, ...listeners]) other.close();
      throw error;
    }
  }
  const statusPort = await listenToo(options.statusPort, () => createStatusServer(metrics, () => !closing));
  const adminPort = await listenToo(options.adminPort, () => createAdminServer(api, log));

  return {
    proxyPort,
    statusPort,
    adminPort,
    async reload() {
      const next = configuration.load();
      await rpc.prepare(next.external).catch((error: Error) => {
        throw new Error(`the plugin server did not start the new instances: ${error.message}`);
      });
      await swap(next);
    },
    async close() {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      if (active > 0) {
        const idle = new Promise<void>((resolve) => {
          onIdle = resolve;
        });
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, drainMs);
        });
        await Promise.race([idle, late]);
        clearTimeout(timer);
      }
      // a response was sent, but its connection is busy until the rest of the request has come
      const sweep = setInterval(() => server.closeIdleConnections(), 10);
      const lastBytes = setTimeout(() => server.closeAllConnections(), 1_000);
      await closed;
      clearInterval(sweep);
      clearTimeout(lastBytes);
      await changes.close();
      await Promise.all(
        listeners.map((listener) => {
          const ended = new Promise<void>((resolve) => listener.close(() => resolve()));
          listener.closeAllConnections();
          return ended;
        }),
      );
      rpc.close();
      limits.close();
    },
  };
}
