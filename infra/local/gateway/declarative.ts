import { createHash } from 'node:crypto';
import { v5 } from 'uuid';
import { parseDocument } from 'yaml';
import { withDeckDefaults } from '../../deck/deck-environment.ts';
import { buildConfig } from './build-config.ts';
import { DeclarativeError, type GatewayConfig, type PluginEntity, type Service } from './config-types.ts';
import type { Entities, Entity, EntityKind } from './entities.ts';
import { consumerViolation, readPluginConfig, routeViolation, UNIQUE } from './entity-checks.ts';
import { CONSUMER, FILE, PLUGIN, ROUTE, SERVICE } from './entity-schemas.ts';
import { substituteEnv } from './env-template.ts';
import type { Plugin } from './plugin.ts';
import { type RecordSchema, validateRecord } from './schema.ts';

type Raw = Record<string, unknown>;
/** Namespace of the ids that entities without one get: UUIDv5 of kind and name, stable over reloads. */
const NAMESPACE = v5('gateway.pistats', v5.DNS);
const HTTP_URL = /^http:\/\/([^/:]+|\[[^\]]+\])(?::(\d+))?(\/.*)?$/;

/**
 * Reads a decK file as Kong 3.9 would take it, ready to serve.
 * @param text the file, templates still in it
 * @param plugins what is enabled: bundled plugins and those of the schema dumps, by name
 * @throws DeclarativeError with every violation, each naming entity and field
 */
export function parseDeclarative(
  text: string,
  env: Record<string, string | undefined>,
  plugins: ReadonlyMap<string, Plugin>,
): GatewayConfig {
  return buildConfig(readDeclarative(text, env, plugins));
}

/** As `parseDeclarative`, but flat: what the Admin API shows. @throws DeclarativeError */
export function readDeclarative(
  text: string,
  env: Record<string, string | undefined>,
  plugins: ReadonlyMap<string, Plugin>,
): Entities {
  const document = parseDocument(substituteEnv(text, withDeckDefaults(env)));
  const [error] = document.errors;
  if (error) throw new DeclarativeError(error.message.split('\n')[0]);
  const raw = document.toJS() as unknown;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new DeclarativeError('expected a map with _format_version');

  const problems: string[] = [];
  const entities = readEntities(raw as Raw, plugins, (where, problem) =>
    problems.push(`${where}: ${problem}`),
  );
  if (problems.length > 0) throw new DeclarativeError(problems.join('; '));
  return entities;
}

type Complain = (where: string, problem: string) => void;
/** Where a plugin stands in the file. */
type Scope = Partial<Record<'route' | 'service' | 'consumer', { id: string }>>;

function readEntities(raw: Raw, known: ReadonlyMap<string, Plugin>, complain: Complain): Entities {
  const entities: Entities = { services: [], routes: [], consumers: [], plugins: [] };
  const { services, routes, consumers, plugins } = entities;
  const scopes: { value: Raw; where: string; scope: Scope }[] = [];
  const now = Math.floor(Date.now() / 1000);

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
  const eachPlugin = (value: Raw, where: string, scope: Scope) =>
    each(value, 'plugins', 'plugin', (plugin, at) =>
      scopes.push({ value: plugin, where: where === '' ? at : `${where}, ${at}`, scope }),
    );
  const add = (kind: EntityKind, fields: Raw, name: unknown, where: string): Entity => {
    const singular = kind.slice(0, -1);
    const { routes: _, plugins: __, url: ___, ...own } = fields;
    const id = (own.id as string | undefined) ?? v5(`${singular} ${name}`, NAMESPACE);
    const entity: Entity = { ...own, id, tags: tagsOf(own), created_at: now, updated_at: now };
    for (const key of ['id', ...UNIQUE[kind]]) {
      const value = entity[key];
      if (value !== undefined && seen(kind, key).has(value))
        complain(where, `${key}: '${value}' is declared twice`);
      seen(kind, key).add(value);
    }
    entities[kind].push(entity);
    return entity;
  };
  const values = new Map<string, Set<unknown>>();
  const seen = (kind: string, key: string): Set<unknown> => {
    const found = values.get(`${kind} ${key}`) ?? new Set();
    values.set(`${kind} ${key}`, found);
    return found;
  };

  function readRoute(value: Raw, where: string, parent?: Entity): void {
    const fields = check(ROUTE, value, where);
    const service = parent ?? find(services, fields.service, where, 'service');
    if (parent && value.service !== undefined) complain(where, 'service: is given by the place in the file');
    const wrong = routeViolation(fields);
    if (wrong) complain(where, wrong);
    const own = { ...fields, service: service && { id: service.id } };
    const route = add('routes', own, fields.name, where);
    eachPlugin(value, where, { route: { id: route.id } });
  }

  const file = check(FILE, raw, 'file');
  // decK adds its select tags to whatever it writes
  const selectTags = ((file._info as Raw | undefined)?.select_tags ?? []) as string[];
  const tagsOf = (entity: Raw): string[] => [
    ...new Set([...((entity.tags ?? []) as string[]), ...selectTags]),
  ];
  each(file, 'services', 'service', (value, where) => {
    const fields = { ...check(SERVICE, value, where), ...readUrl(value, where, complain) };
    if (fields.host === undefined) complain(where, 'host: required field missing');
    const service = add('services', fields, fields.name, where);
    each(value, 'routes', 'route', (route, at) => readRoute(route, `${where}, ${at}`, service));
    eachPlugin(value, where, { service: { id: service.id } });
  });
  each(file, 'routes', 'route', (value, where) => readRoute(value, where));
  each(file, 'consumers', 'consumer', (value, where) => {
    const fields = check(CONSUMER, value, where);
    const wrong = consumerViolation(fields);
    if (wrong) complain(where, wrong);
    const consumer = add('consumers', fields, fields.username ?? fields.custom_id, where);
    eachPlugin(value, where, { consumer: { id: consumer.id } });
  });
  eachPlugin(file, '', {});

  function find(list: Entity[], reference: unknown, where: string, kind: string): Entity | undefined {
    if (reference === undefined) return undefined;
    const { id, name, username } = (typeof reference === 'string' ? { name: reference } : reference) as Raw;
    const key = name ?? username ?? id;
    const found = list.find((entity) => [entity.id, entity.name, entity.username].includes(key));
    if (!found) complain(where, `${kind}: '${key}' is not declared`);
    return found;
  }
  const scopeOf = (list: Entity[], reference: unknown, where: string, kind: string) => {
    const found = find(list, reference, where, kind);
    return found && { id: found.id };
  };

  for (const { value, where, scope } of scopes) {
    const fields = check(PLUGIN, value, where);
    const service = scope.service ?? scopeOf(services, fields.service, where, 'service');
    const route = scope.route ?? scopeOf(routes, fields.route, where, 'route');
    const consumer = scope.consumer ?? scopeOf(consumers, fields.consumer, where, 'consumer');
    const name = fields.name as string;
    const kind = known.get(name);
    if (!kind) {
      if (typeof name === 'string')
        complain(
          where,
          `name: plugin '${name}' not enabled; it is neither bundled nor among the schema dumps`,
        );
      continue;
    }
    const config = readPluginConfig(kind, fields.config, (field, problem) =>
      complain(where, `${field}: ${problem}`),
    );
    const scopeKey = [name, route?.id, service?.id, consumer?.id].join(' ');
    const id = (fields.id as string | undefined) ?? v5(`plugin ${scopeKey}`, NAMESPACE);
    if (seen('plugins', 'place').has(id) || seen('plugins', 'place').has(scopeKey))
      complain(where, `plugin '${name}' is declared twice in one place`);
    seen('plugins', 'place').add(id).add(scopeKey);
    const times = { created_at: now, updated_at: now };
    plugins.push({ ...fields, id, tags: tagsOf(fields), service, route, consumer, config, ...times });
  }
  return entities;
}

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
