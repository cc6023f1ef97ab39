import { RpcCall, RpcReturn } from '../../../kong/protocol/plugin-messages.ts';
import { type Decoded, decodeMessage, encodeMessage } from '../../../kong/protocol/protobuf.ts';
import type { PluginEntity } from './config-types.ts';
import type { RequestContext } from './context.ts';
import { errorExit, raisedExit } from './error-response.ts';
import { PDK, type PdkEnvironment } from './pdk.ts';
import { openConnection, type PluginConnection } from './plugin-connection.ts';
import { createInstances } from './plugin-instances.ts';
import { firstHeader } from './request-headers.ts';

/** The id of the default workspace in every Kong without a database. */
const WORKSPACE = '0dc6f45b-8f8d-40d2-a504-473544ee190b';
/** Kong's lua_socket_pool_size and lua_socket_keepalive_timeout. */
const POOL_SIZE = 256;
const POOL_IDLE_MS = 60_000;
/**
 * Kong repeats an event without bound while the plugin server takes it and closes; a bound differs from that only
 * where Kong would never answer.
 */
const MAX_REPEATS = 5;

export interface PluginRpcOptions {
  socketPath: string;
  /** how long the plugin server may leave one read unanswered (Kong: lua_socket_read_timeout, 60 s) */
  timeoutMs: number;
  env: PdkEnvironment;
  /** counts the requests answered 500 */
  onFailure(plugin: string): void;
}

/** Kong's side of its plugin protocol ProtoBuf:1. */
export interface PluginRpc {
  /** Runs a plugin's phase; what goes wrong becomes Kong's 500 in `ctx.exit`. */
  handleEvent(entity: PluginEntity, phase: string, ctx: RequestContext): Promise<void>;
  /** Starts the instances that are new and closes those that no configuration uses any more. */
  prepare(entities: PluginEntity[]): Promise<void>;
  release(inUse: PluginEntity[]): Promise<void>;
  close(): void;
}

/** An error that Kong's Lua code raises, as opposed to one it gets back. */
class Raised extends Error {}

export function createPluginRpc({ socketPath, timeoutMs, env, onFailure }: PluginRpcOptions): PluginRpc {
  const idle: { connection: PluginConnection; since: number }[] = [];
  const open = new Set<PluginConnection>();
  let sequence = 0;

  async function acquire(): Promise<PluginConnection> {
    for (let entry = idle.pop(); entry; entry = idle.pop()) {
      if (entry.connection.reusable() && performance.now() - entry.since < POOL_IDLE_MS)
        return entry.connection;
      entry.connection.close();
    }
    const connection = await openConnection(socketPath, timeoutMs, (closed) => open.delete(closed));
    open.add(connection);
    return connection;
  }

  function keep(connection: PluginConnection): void {
    if (connection.reusable() && idle.length < POOL_SIZE) idle.push({ connection, since: performance.now() });
    else connection.close();
  }

  /** Answers the plugin's PDK calls until it ends the event with an empty frame; true when it answered the request. */
  async function bridge(connection: PluginConnection, plugin: string, ctx: RequestContext): Promise<boolean> {
    for (;;) {
      const method = (await connection.read()).toString('utf8');
      if (method === '') return false;
      const args = await connection.read();
      const call = Object.hasOwn(PDK, method) ? PDK[method] : undefined;
      if (!call) throw new Error(`method "${method}" not found`);
      let reply: Uint8Array;
      try {
        reply = await call(ctx, args, env, plugin);
      } catch (error) {
        throw new Raised(`${method}: ${(error as Error).message}`);
      }
      if (method === 'kong.response.exit') return true;
      connection.write([reply]);
    }
  }

  /** One call over a connection of its own while it lasts. A plugin that answers the request takes the connection with it. */
  async function call(command: Decoded, event?: { plugin: string; ctx: RequestContext }): Promise<Decoded> {
    const connection = await acquire();
    sequence += 1;
    const expected = sequence;
    let reusable = false;
    try {
      connection.write([encodeMessage(RpcCall, { sequence: expected, ...command })]);
      if (event && (await bridge(connection, event.plugin, event.ctx))) return {};
      const payload = await connection.read();
      let result: Decoded;
      try {
        result = decodeMessage(RpcReturn, payload);
      } catch {
        throw new Raised('the plugin server answered what is no RpcReturn');
      }
      if (result.sequence !== expected) throw new Raised('the plugin server answered another call');
      reusable = true;
      return result;
    } finally {
      if (reusable) keep(connection);
      else connection.close();
    }
  }

  const instances = createInstances({
    async start(entity, seq) {
      const scope = [entity.route?.id, entity.service?.id, entity.consumer?.id];
      const config = {
        ...entity.config,
        __key__: `plugins:${entity.name}:${scope.map((id) => id ?? '').join(':')}::${WORKSPACE}`,
        __seq__: seq,
        __plugin_id: entity.id,
        __ws_id: WORKSPACE,
        ...(entity.route && { route_id: entity.route.id }),
        ...(entity.service && { service_id: entity.service.id }),
        ...(entity.consumer && { consumer_id: entity.consumer.id }),
      };
      const result = await call({
        cmd_start_instance: { name: entity.name, config: Buffer.from(JSON.stringify(config)) },
      });
      const status = result.instance_status as { instance_id: number } | undefined;
      if (!status) throw new Error('the plugin server did not start the instance');
      return status.instance_id;
    },
    async close(instanceId) {
      await call({ cmd_close_instance: { instance_id: instanceId } });
    },
  });

  function fail(entity: PluginEntity, ctx: RequestContext, error: Error, raised: boolean): void {
    const details = { plugin: entity.name, request: ctx.requestId };
    env.log('err', `pluginserver error: ${error.message}`, details);
    onFailure(entity.name);
    const accept = firstHeader(ctx.headers, 'accept');
    ctx.exit = raised ? raisedExit() : errorExit(500, { accept, requestId: ctx.requestId });
  }

  async function attempt(entity: PluginEntity, phase: string, ctx: RequestContext): Promise<void> {
    let instanceId: number;
    try {
      instanceId = await instances.idOf(entity);
    } catch (error) {
      throw new Raised(`starting instance: ${(error as Error).message}`);
    }
    const event = { plugin: entity.name, ctx };
    await call({ cmd_handle_event: { instance_id: instanceId, event_name: phase } }, event);
  }

  return {
    async handleEvent(entity, phase, ctx) {
      for (let repeats = 0; ; repeats += 1) {
        try {
          return await attempt(entity, phase, ctx);
        } catch (error) {
          const failure = error as Error;
          if (failure instanceof Raised) return fail(entity, ctx, failure, true);
          const lost = /no plugin instance|closed/i.test(failure.message);
          if (!lost || repeats === MAX_REPEATS) return fail(entity, ctx, failure, false);
          env.log('warn', failure.message, { plugin: entity.name, request: ctx.requestId });
          instances.reset(entity.name);
        }
      }
    },
    async prepare(entities) {
      await Promise.all(entities.map((entity) => instances.idOf(entity)));
    },
    release: (inUse) => instances.closeAllBut(inUse),
    close() {
      for (const connection of open) connection.close();
      idle.length = 0;
    },
  };
}
