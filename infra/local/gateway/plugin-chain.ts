import type { PluginEntity, Route } from './config-types.ts';
import type { RequestContext } from './context.ts';
import { raisedExit } from './error-response.ts';
import type { Log } from './log.ts';
import type { Plugin, PluginState } from './plugin.ts';

/** One plugin of a route, with every configuration that may apply, the most specific first. */
interface Link {
  plugin: Plugin;
  entities: PluginEntity[];
}
export type Chain = Link[];

/** Kong's precedence: consumer with route and service, then with each, then route and service, then each alone, then global. */
function specificity({ route, service, consumer }: PluginEntity): number {
  const places = [consumer && route && service, consumer && route, consumer && service, route && service];
  const alone = [consumer, route, service];
  const rank = [...places, ...alone].findIndex((matches) => matches);
  return rank === -1 ? places.length + alone.length : rank;
}

/** The plugins of a route, or without one those of every request, by priority; plugins of one priority by name. */
export function buildChain(
  route: Route | undefined,
  entities: PluginEntity[],
  plugins: ReadonlyMap<string, Plugin>,
): Chain {
  const links = new Map<string, Link>();
  for (const entity of entities) {
    if (entity.route && entity.route !== route) continue;
    if (entity.service && entity.service !== route?.service) continue;
    const link = links.get(entity.name) ?? { plugin: plugins.get(entity.name) as Plugin, entities: [] };
    link.entities.push(entity);
    links.set(entity.name, link);
  }
  for (const { entities: found } of links.values()) found.sort((a, b) => specificity(a) - specificity(b));
  return [...links.values()].sort(
    (a, b) => b.plugin.priority - a.plugin.priority || (a.plugin.name < b.plugin.name ? -1 : 1),
  );
}

/** A plugin's turn in one request. */
export interface Step {
  plugin: Plugin;
  entity: PluginEntity;
  state: PluginState;
}

/**
 * Runs the access phase. A plugin's configuration is chosen when its turn comes, since an earlier one may have
 * authenticated the consumer. After the first answer no other plugin runs, but each is still collected: its header
 * filter runs on what the gateway answers.
 */
export async function runAccess(chain: Chain, ctx: RequestContext, log: Log): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { plugin, entities } of chain) {
    const entity = entities.find(({ consumer }) => !consumer || consumer.id === ctx.consumer?.id);
    if (!entity) continue;
    const step: Step = { plugin, entity, state: new Map() };
    steps.push(step);
    if (ctx.exit) continue;
    try {
      await plugin.access?.(ctx, entity, step.state);
    } catch (error) {
      log('err', `${plugin.name}: ${(error as Error).message}`, { request: ctx.requestId });
      ctx.exit = raisedExit();
    }
  }
  return steps;
}

/** What Kong collects for an answer of nginx's own (413, 400): no access phase runs, but the header filters do. */
export const collect = (chain: Chain): Step[] =>
  chain.flatMap(({ plugin, entities }) => {
    const entity = entities.find(({ consumer }) => !consumer);
    return entity ? [{ plugin, entity, state: new Map() }] : [];
  });

export function runHeaderFilter(steps: Step[], ctx: RequestContext): void {
  for (const { plugin, entity, state } of steps) plugin.headerFilter?.(ctx, entity, state);
}
