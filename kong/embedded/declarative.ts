import { createHash } from 'node:crypto';
import { v5 } from 'uuid';
import { parseDocument } from 'yaml';
import {
  type Consumer,
  DeclarativeError,
  type GatewayConfig,
  type PluginEntity,
  type Route,
  type Service,
} from './config-types.ts';
import { CONSUMER, FILE, PLUGIN, ROUTE, SERVICE } from './entity-schemas.ts';
import { substituteEnv } from './env-template.ts';
import type { Plugin } from './plugin.ts';
import { type RecordSchema, validateRecord } from './schema.ts';

type Raw = Record<string, unknown>;
/** Namespace of the ids that entities without one get: UUIDv5 of kind and name, stable over reloads. */
const NAMESPACE = v5('gateway.pistats', v5.DNS);
const HTTP_URL = /^http:\/\/([^/:]+|\[[^\]]+\])(?::(\d+))?(\/.*)?$/;

/**
 * Reads a decK file as Kong 3.9 would take it.
 * @param text the file, templates still in it
 * @param plugins what is enabled: bundled plugins and those of the schema dumps, by name
 * @throws DeclarativeError with every violation, each naming entity and field
 */
export function parseDeclarative(
  text: string,
  env: Record<string, string | undefined>,
  plugins: ReadonlyMap<string, Plugin>,
): GatewayConfig {
  const document = parseDocument(substituteEnv(text, env));
  const [error] = document.errors;
  if (error) throw new DeclarativeError(error.message.split('\n')[0]);
  const raw = document.toJS() as unknown;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new DeclarativeError('expected a map with _format_version');

  const problems: string[] = [];
  const config = readEntities(raw as Raw, plugins, (where, problem) => problems.push(`${where}: ${problem}`));
  if (problems.length > 0) throw new DeclarativeError(problems.join('; '));
  return config;
}

type Complain = (where: string, problem: string) => void;

function readEntities(raw: Raw, known: ReadonlyMap<string, Plugin>, complain: Complain): GatewayConfig {
  const services: Service[] = [];
  const routes: Route[] = [];
  const consumers: Consumer[] = [];
  const plugins: PluginEntity[] = [];
  const disabled = new Set<Service>();
  const scopes: { value: Raw; where: string; scope: Partial<PluginEntity> }[] = [];

  const check = (schema: RecordSchema, value: unknown, where: string): Raw =>
    validateRecord(schema, value, '', (field, problem) =>
      complain(where, field === '' ? problem : `${field}: ${problem}`),
    );
  const label = (kind: string, value: unknown, index: number): string => {
    const { name, username } = (value ?? {}) as Raw;
    return `${kind} ${name ?? username ?? `#${index + 1}`}`;
  };
  const each = (parent: Raw, field: string, kind: string, run: (value: Raw, where: string) => void) => {
    const values = parent[field];
    if (!Array.isArray(values)) return;
    for (const [i, value] of values.entries()) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        complain(label(kind, value, i), 'expected a record');
      else run(value as Raw, label(kind, value, i));
    }
  };
  const unique = (seen: { id: string }[], entity: { id: string }, key: string, where: string) => {
    const value = (entity as unknown as Raw)[key];
    if (value !== undefined && seen.some((other) => (other as unknown as Raw)[key] === value))
      complain(where, `${key}: '${value}' is declared twice`);
  };

  function readRoute(value: Raw, where: string, parent?: Service): void {
    const entity = check(ROUTE, value, where);
    const service = parent ?? find(services, entity.service, where, 'service');
    if (parent && value.service !== undefined) complain(where, 'service: is given by the place in the file');
    const route = { ...entity, tags: tagsOf(entity), service } as unknown as Route;
    route.id ??= v5(`route ${route.name}`, NAMESPACE);
    if (!['methods', 'hosts', 'headers', 'paths'].some((field) => hasEntries(entity[field])))
      complain(where, "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'");
    unique(routes, route, 'name', where);
    unique(routes, route, 'id', where);
    routes.push(route);
    each(value, 'plugins', 'plugin', (plugin, at) =>
      scopes.push({ value: plugin, where: `${where}, ${at}`, scope: { route } }),
    );
  }

  const file = check(FILE, raw, 'file');
  // decK adds its select tags to whatever it writes
  const selectTags = ((file._info as Raw | undefined)?.select_tags ?? []) as string[];
  const tagsOf = (entity: Raw): string[] => [
    ...new Set([...((entity.tags ?? []) as string[]), ...selectTags]),
  ];
  each(file, 'services', 'service', (value, where) => {
    const entity = check(SERVICE, value, where);
    const service = {
      ...entity,
      tags: tagsOf(entity),
      ...readUrl(value, where, complain),
    } as unknown as Service;
    service.id ??= v5(`service ${service.name}`, NAMESPACE);
    if (service.host === undefined) complain(where, 'host: required field missing');
    unique(services, service, 'name', where);
    unique(services, service, 'id', where);
    services.push(service);
    if (entity.enabled === false) disabled.add(service);
    each(value, 'routes', 'route', (route, at) => readRoute(route, `${where}, ${at}`, service));
    each(value, 'plugins', 'plugin', (plugin, at) =>
      scopes.push({ value: plugin, where: `${where}, ${at}`, scope: { service } }),
    );
  });
  each(file, 'routes', 'route', (value, where) => readRoute(value, where));
  each(file, 'consumers', 'consumer', (value, where) => {
    const entity = check(CONSUMER, value, where);
    const created_at = Math.floor(Date.now() / 1000);
    const consumer = { ...entity, created_at, tags: tagsOf(entity) } as unknown as Consumer;
    consumer.id ??= v5(`consumer ${consumer.username ?? consumer.custom_id}`, NAMESPACE);
    if (consumer.username === undefined && consumer.custom_id === undefined)
      complain(where, 'at least one of these fields must be non-empty: custom_id, username');
    for (const key of ['id', 'username', 'custom_id']) unique(consumers, consumer, key, where);
    consumers.push(consumer);
    each(value, 'plugins', 'plugin', (plugin, at) =>
      scopes.push({ value: plugin, where: `${where}, ${at}`, scope: { consumer } }),
    );
  });
  each(file, 'plugins', 'plugin', (value, where) => scopes.push({ value, where, scope: {} }));

  function find<T extends { id: string; name?: string; username?: string }>(
    entities: T[],
    reference: unknown,
    where: string,
    kind: string,
  ): T | undefined {
    if (reference === undefined) return undefined;
    const { id, name, username } = (typeof reference === 'string' ? { name: reference } : reference) as Raw;
    const key = name ?? username ?? id;
    const found = entities.find((entity) =>
      [entity.id, entity.name, entity.username].includes(key as string),
    );
    if (!found) complain(where, `${kind}: '${key}' is not declared`);
    return found;
  }

  for (const { value, where, scope } of scopes) {
    const entity = check(PLUGIN, value, where);
    const plugin: Partial<PluginEntity> = { ...scope };
    plugin.service ??= find(services, entity.service, where, 'service');
    plugin.route ??= find(routes, entity.route, where, 'route');
    plugin.consumer ??= find(consumers, entity.consumer, where, 'consumer');
    const name = entity.name as string;
    const kind = known.get(name);
    if (!kind) {
      if (typeof name === 'string')
        complain(
          where,
          `name: plugin '${name}' not enabled; it is neither bundled nor among the schema dumps`,
        );
      continue;
    }
    let sound = true;
    const config = validateRecord(kind.schema, entity.config, 'config', (field, problem) => {
      sound = false;
      complain(where, `${field}: ${problem}`);
    });
    const wrong = sound ? kind.check?.(config) : undefined;
    if (wrong) complain(where, `config: ${wrong}`);
    const scopeKey = [name, plugin.route?.id, plugin.service?.id, plugin.consumer?.id].join(' ');
    const id = (entity.id as string | undefined) ?? v5(`plugin ${scopeKey}`, NAMESPACE);
    if (plugins.some((other) => other.id === id))
      complain(where, `plugin '${name}' is declared twice in one place`);
    if (entity.enabled !== false) plugins.push({ ...plugin, id, name, config });
  }
  return {
    services,
    routes: routes.filter(({ service }) => !service || !disabled.has(service)),
    consumers,
    plugins,
  };
}

const hasEntries = (value: unknown) =>
  value !== undefined && value !== null && Object.keys(value as object).length > 0;

/** `url` stands for protocol, host, port and path. */
function readUrl(value: Raw, where: string, complain: Complain): Partial<Service> {
  if (value.url === undefined) return {};
  const match = HTTP_URL.exec(String(value.url));
  if (!match) {
    complain(
      where,
      `url: '${value.url}' is not an http URL (https is not supported by the embedded gateway)`,
    );
    return {};
  }
  const [, host = '', port, path] = match;
  return {
    protocol: 'http',
    host,
    port: port ? Number(port) : 80,
    ...(path && path !== '/' ? { path } : {}),
  };
}

/** Tells whether a plugin's configuration changed over a reload. */
export function configDigest(entity: PluginEntity): string {
  return createHash('sha256')
    .update(JSON.stringify([entity.name, entity.config]))
    .digest('hex');
}
