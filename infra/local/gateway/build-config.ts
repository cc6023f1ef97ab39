import type { Consumer, GatewayConfig, PluginConfig, PluginEntity, Route, Service } from './config-types.ts';
import { type Entities, type Entity, referenceOf } from './entities.ts';

/** Resolves the references of valid entities and leaves out what is disabled. */
export function buildConfig(entities: Entities): GatewayConfig {
  const services = byId<Service>(entities.services);
  const disabled = new Set(entities.services.filter(({ enabled }) => enabled === false).map(({ id }) => id));
  const routes = new Map(
    entities.routes
      .filter((route) => !disabled.has(referenceOf(route, 'service') ?? ''))
      .map((route) => [
        route.id,
        { ...route, service: services.get(referenceOf(route, 'service') ?? '') } as unknown as Route,
      ]),
  );
  const consumers = byId<Consumer>(entities.consumers);
  const plugins: PluginEntity[] = [];
  for (const plugin of entities.plugins) {
    if (plugin.enabled === false) continue;
    const routeId = referenceOf(plugin, 'route');
    const route = routeId === undefined ? undefined : routes.get(routeId);
    if (routeId !== undefined && !route) continue;
    plugins.push({
      id: plugin.id,
      name: plugin.name as string,
      config: plugin.config as PluginConfig,
      route,
      service: services.get(referenceOf(plugin, 'service') ?? ''),
      consumer: consumers.get(referenceOf(plugin, 'consumer') ?? ''),
    });
  }
  return {
    services: [...services.values()],
    routes: [...routes.values()],
    consumers: [...consumers.values()],
    plugins,
  };
}

const byId = <T>(entities: Entity[]): Map<string, T> =>
  new Map(entities.map((entity) => [entity.id, { ...entity, tags: entity.tags ?? [] } as unknown as T]));
