import { isMap, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { DeckFileError } from './deck-file.ts';

/** A part of a deck file, with the line it begins on. */
export interface Place<T = Record<string, unknown>> {
  line: number;
  value: T;
}
export interface DeckPlugin extends Place {
  name: string;
}
export interface DeckRoute extends Place {
  name: string;
  plugins: DeckPlugin[];
  service?: DeckService;
}
export interface DeckService extends Place {
  name: string;
  plugins: DeckPlugin[];
  routes: DeckRoute[];
}
export interface DeckModel {
  text: string;
  services: DeckService[];
  /** those under services, too */
  routes: DeckRoute[];
  /** of no service, route or consumer */
  plugins: DeckPlugin[];
  allPlugins: DeckPlugin[];
  consumers: (Place & { name: string; tags: Place<string>[] })[];
}

/** The file as the rules look at it; templates stay as they stand. @throws DeckFileError when it is no YAML */
export function readDeckModel(text: string, path: string): DeckModel {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) throw new DeckFileError(`${path} is not valid YAML: ${error.message.split('\n')[0]}`);
  if (!isMap(document.contents)) throw new DeckFileError(`${path} is no deck file: it holds no mapping.`);

  const lineOf = (node: unknown) => lines.linePos((node as { range?: [number] }).range?.[0] ?? 0).line;
  const maps = (parent: YAMLMap, field: string): YAMLMap[] => {
    const list = parent.get(field);
    return isSeq(list) ? list.items.filter((item) => isMap(item)) : [];
  };
  const place = (node: YAMLMap) => ({
    line: lineOf(node),
    value: node.toJS(document) as Record<string, unknown>,
    name: String(node.get('name') ?? node.get('username') ?? '(no name)'),
  });
  const model: DeckModel = { text, services: [], routes: [], plugins: [], allPlugins: [], consumers: [] };
  const pluginsOf = (node: YAMLMap): DeckPlugin[] => {
    const plugins = maps(node, 'plugins').map(place);
    model.allPlugins.push(...plugins);
    return plugins;
  };
  const addRoute = (node: YAMLMap, service?: DeckService) => {
    const route: DeckRoute = { ...place(node), plugins: pluginsOf(node), service };
    service?.routes.push(route);
    model.routes.push(route);
  };
  const root = document.contents;
  for (const node of maps(root, 'services')) {
    const service: DeckService = { ...place(node), plugins: pluginsOf(node), routes: [] };
    model.services.push(service);
    for (const route of maps(node, 'routes')) addRoute(route, service);
  }
  for (const node of maps(root, 'routes')) {
    const { service } = place(node).value as { service?: string | { name?: string } };
    const name = typeof service === 'string' ? service : service?.name;
    addRoute(
      node,
      model.services.find((candidate) => candidate.name === name),
    );
  }
  for (const plugin of pluginsOf(root)) attach(model, plugin);
  for (const node of maps(root, 'consumers')) {
    pluginsOf(node);
    const tags = node.get('tags');
    const places = isSeq(tags)
      ? tags.items.map((item) => ({ line: lineOf(item), value: String((item as { value?: unknown }).value) }))
      : [];
    model.consumers.push({ ...place(node), tags: places });
  }
  return model;
}

/** A plugin at the top of the file may name the route or service that it is for. */
function attach(model: DeckModel, plugin: DeckPlugin): void {
  const { route, service, consumer } = plugin.value as Record<string, string | { name?: string } | undefined>;
  const nameOf = (reference: typeof route) => (typeof reference === 'string' ? reference : reference?.name);
  if (consumer) return;
  if (route) model.routes.find(({ name }) => name === nameOf(route))?.plugins.push(plugin);
  else if (service) model.services.find(({ name }) => name === nameOf(service))?.plugins.push(plugin);
  else model.plugins.push(plugin);
}
