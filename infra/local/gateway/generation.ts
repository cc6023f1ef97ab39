import type { Consumer, GatewayConfig, PluginEntity, Route } from './config-types.ts';
import type { Plugin } from './plugin.ts';
import { buildChain, type Chain } from './plugin-chain.ts';
import { createRouter } from './router.ts';

/** One declared configuration, ready to serve; a reload makes a new one and requests keep the one they began with. */
export interface Generation {
  match: ReturnType<typeof createRouter>;
  chainOf(route: Route): Chain;
  /** the plugins of every request: what the gateway answers before it has a route goes through their header filters */
  global: Chain;
  findConsumer(idOrName: string, byUsername: boolean): Consumer | undefined;
  /** configurations of plugins that live in the plugin server */
  external: PluginEntity[];
  /** requests under way */
  active: number;
}

export function createGeneration(
  config: GatewayConfig,
  plugins: ReadonlyMap<string, Plugin>,
  isExternal: (name: string) => boolean,
): Generation {
  const chains = new Map(config.routes.map((route) => [route, buildChain(route, config.plugins, plugins)]));
  const byId = new Map(config.consumers.map((consumer) => [consumer.id, consumer]));
  const byName = new Map(config.consumers.map((consumer) => [consumer.username, consumer]));
  return {
    match: createRouter(config.routes),
    chainOf: (route) => chains.get(route) ?? [],
    global: buildChain(undefined, config.plugins, plugins),
    findConsumer: (key, byUsername) => byId.get(key) ?? (byUsername ? byName.get(key) : undefined),
    external: config.plugins.filter(({ name }) => isExternal(name)),
    active: 0,
  };
}
