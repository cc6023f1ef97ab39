import { randomInt } from 'node:crypto';
import type { Kong, PluginModule } from '../../plugins/pdk.ts';

export interface Instance {
  plugin: string;
  run(phase: string, kong: Kong): Promise<void>;
}

/** The plugin configurations that Kong's workers have started. */
export interface Instances {
  /** @throws Error for an unknown plugin, or a configuration that the plugin refuses */
  start(plugin: string, configJson: string): { id: number; startedAt: number };
  get(id: number): Instance | undefined;
  close(id: number): void;
}

/** Ids start at a random place, so that one from before a restart can't name an instance of now. */
export function createInstances(plugins: Map<string, PluginModule>): Instances {
  const instances = new Map<number, Instance>();
  let nextId = randomInt(1, 2 ** 30);
  return {
    start(name, configJson) {
      const module = plugins.get(name);
      if (!module) throw new Error(`there is no plugin ${name}`);
      const plugin = new module.Plugin(JSON.parse(configJson) as never) as Record<string, unknown>;
      const id = nextId++;
      instances.set(id, {
        plugin: name,
        async run(phase, kong) {
          const handler = plugin[phase];
          if (typeof handler === 'function') await handler.call(plugin, kong);
        },
      });
      return { id, startedAt: Math.floor(Date.now() / 1000) };
    },
    get: (id) => instances.get(id),
    close(id) {
      instances.delete(id);
    },
  };
}
