import type { PluginEntity } from './config-types.ts';
import { configDigest } from './declarative.ts';

interface Instance {
  plugin: string;
  id: Promise<number>;
}

/** The calls that start and close an instance in the plugin server. */
export interface InstanceCalls {
  start(entity: PluginEntity, sequence: number): Promise<number>;
  close(instanceId: number): Promise<void>;
}

export interface Instances {
  /** The instance of a plugin's configuration, started when there is none. */
  idOf(entity: PluginEntity): Promise<number>;
  /** Forgets every instance of a plugin: its server has lost them. */
  reset(pluginName: string): void;
  /** Closes the instances of configurations that are no longer in use. */
  closeAllBut(entities: PluginEntity[]): Promise<void>;
}

/** Which instance in the plugin server stands for which configuration: one each, started once however many ask. */
export function createInstances(calls: InstanceCalls): Instances {
  const running = new Map<string, Instance>();
  let sequence = 0;
  // asked for on every event, and an entity never changes
  const keys = new WeakMap<PluginEntity, string>();
  const keyOf = (entity: PluginEntity): string => {
    let key = keys.get(entity);
    if (key === undefined) {
      key = `${entity.id} ${configDigest(entity)}`;
      keys.set(entity, key);
    }
    return key;
  };

  return {
    idOf(entity) {
      const key = keyOf(entity);
      const found = running.get(key);
      if (found) return found.id;
      sequence += 1;
      const instance = { plugin: entity.name, id: calls.start(entity, sequence) };
      running.set(key, instance);
      instance.id.catch(() => {
        if (running.get(key) === instance) running.delete(key); // the next event tries again
      });
      return instance.id;
    },
    reset(pluginName) {
      for (const [key, { plugin }] of running) if (plugin === pluginName) running.delete(key);
    },
    async closeAllBut(entities) {
      const kept = new Set(entities.map(keyOf));
      const closing = [...running].filter(([key]) => !kept.has(key));
      for (const [key] of closing) running.delete(key);
      // an error here means that the server is away, and the instance with it
      await Promise.allSettled(closing.map(async ([, { id }]) => calls.close(await id)));
    },
  };
}
