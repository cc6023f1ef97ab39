import { readFileSync } from 'node:fs';
import { createEntityStore, type EntityStore } from './admin/entity-store.ts';
import { createStateFile, type StateFile } from './admin/state-file.ts';
import { buildConfig } from './build-config.ts';
import { DeclarativeError } from './config-types.ts';
import { readDeclarative } from './declarative.ts';
import type { Entities } from './entities.ts';
import { createGeneration, type Generation } from './generation.ts';
import type { Plugin } from './plugin.ts';
import { readDumps } from './schema-dumps.ts';

export interface ConfigurationOptions {
  /** the decK file: served as it is, or what an empty state file starts from */
  declarative?: string;
  /** what was synced over the Admin API */
  stateFile?: string;
  dumpsDir?: string;
  env: Record<string, string | undefined>;
  /** whether there is a plugin server to run what is not bundled */
  hasPluginServer: boolean;
  bundled: Plugin[];
  external(name: string): Plugin['access'];
}

/** Where the gateway's configuration comes from: a decK file, or what was synced into a state file. */
export interface Configuration {
  /** Reads it all again. @throws DeclarativeError */
  load(): Generation;
  /** the plugins of the last load */
  plugins(): ReadonlyMap<string, Plugin>;
  /** the entities of the last load */
  store(): EntityStore;
  /** Makes the store's state durable; absent when a decK file alone is served. */
  save?: () => Promise<void>;
}

export function createConfiguration(options: ConfigurationOptions): Configuration {
  const { declarative, stateFile } = options;
  if (declarative === undefined && stateFile === undefined)
    throw new TypeError('neither a decK file nor a file for what is synced is given');
  let plugins: ReadonlyMap<string, Plugin> = new Map();
  let external = new Set<string>();
  let store: EntityStore | undefined;
  let file: StateFile | undefined;

  const readFile = (path: string): Entities =>
    readDeclarative(readFileSync(path, 'utf8'), options.env, plugins);

  function openStore(path: string): EntityStore {
    file = createStateFile(path, () => (store as EntityStore).all());
    const saved = file.load();
    const empty: Entities = { services: [], routes: [], consumers: [], plugins: [] };
    return createEntityStore(saved ?? (declarative === undefined ? empty : readFile(declarative)));
  }

  function load(): Generation {
    ({ plugins, external } = readPlugins(options));
    if (stateFile !== undefined) store ??= openStore(stateFile);
    else store = createEntityStore(readFile(declarative as string));
    const generation = createGeneration(buildConfig(store.all()), plugins, (name) => external.has(name));
    const [first] = generation.external;
    if (first && !options.hasPluginServer)
      throw new DeclarativeError(
        `plugin ${first.name} runs in the plugin server, and no socket of one is given`,
      );
    return generation;
  }

  return {
    load,
    plugins: () => plugins,
    store: () => store as EntityStore,
    save: stateFile === undefined ? undefined : async () => file?.save(),
  };
}

function readPlugins({ bundled, dumpsDir, external: access }: ConfigurationOptions) {
  const plugins = new Map<string, Plugin>(bundled.map((plugin) => [plugin.name, plugin]));
  const external = new Set<string>();
  for (const { name, priority, schema } of dumpsDir ? readDumps(dumpsDir) : []) {
    if (plugins.has(name)) throw new DeclarativeError(`schema dump of ${name}: that plugin is bundled`);
    external.add(name);
    plugins.set(name, { name, priority, schema, access: access(name) });
  }
  return { plugins, external };
}
