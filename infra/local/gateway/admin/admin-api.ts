import type { EntityKind } from '../entities.ts';
import type { Plugin } from '../plugin.ts';
import { isRecord } from '../schema.ts';
import { AdminError, invalidOption, methodNotAllowed, notFound, readOnly } from './admin-errors.ts';
import { ADMIN_SCHEMAS, pluginSchemaJson, schemaJson } from './entity-schema.ts';
import { type EntityStore, KINDS, mustFind } from './entity-store.ts';
import { listPage } from './list-page.ts';
import { type Fields, readEntity, showEntity } from './read-entity.ts';

export interface AdminRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** the JSON object that was sent, {} when there was none */
  body: Fields;
}
export interface AdminAnswer {
  status: number;
  body?: unknown;
}

export interface AdminApiOptions {
  store: () => EntityStore;
  plugins: () => ReadonlyMap<string, Plugin>;
  /** Resolves once the store's present state is on disk; absent: the Admin API is read-only. */
  save?: () => Promise<void>;
  /** the version of Kong whose Admin API this is */
  version: string;
}

/** Kinds Kong has and this gateway can't hold: there are none of them, and none can be made. */
// biome-ignore format: a list
const EMPTY_KINDS = new Set([
  'upstreams', 'certificates', 'ca_certificates', 'snis', 'vaults', 'keys', 'key-sets',
  'key-auths', 'acls', 'basic-auths', 'hmac-auths', 'jwts', 'oauth2',
]);
const isKind = (name: string | undefined): name is EntityKind => KINDS.includes(name as EntityKind);

/** The part of Kong 3.9's Admin API that decK needs for services, routes, consumers and plugins. */
export function createAdminApi(options: AdminApiOptions): (request: AdminRequest) => Promise<AdminAnswer> {
  const { save, version } = options;
  const show = (kind: EntityKind, entity: Parameters<typeof showEntity>[1]) =>
    showEntity(kind, entity, options.plugins());

  async function entities(request: AdminRequest, kind: EntityKind, key: string | undefined) {
    const { method, query, body } = request;
    const store = options.store();
    const plugins = options.plugins();
    if (key === undefined) {
      if (method === 'GET') {
        const page = listPage(`/${kind}`, store.list(kind), query);
        return { status: 200, body: { ...page, data: page.data.map((entity) => show(kind, entity)) } };
      }
      if (method !== 'POST') throw methodNotAllowed();
      return change(kind, 201, () => store.put(kind, '', readEntity(kind, body, plugins)));
    }
    if (method === 'GET') return { status: 200, body: show(kind, mustFind(store, kind, key)) };
    if (method === 'PUT')
      return change(kind, 200, () => store.put(kind, key, readEntity(kind, withoutNulls(body), plugins)));
    if (method === 'PATCH')
      return change(kind, 200, () => {
        const merged = merge(mustFind(store, kind, key), body);
        return store.put(kind, key, readEntity(kind, merged, plugins));
      });
    if (method === 'DELETE')
      return change(kind, 204, () => {
        store.remove(kind, key);
        return undefined;
      });
    throw methodNotAllowed();
  }

  async function change(
    kind: EntityKind,
    status: number,
    run: () => ReturnType<EntityStore['put']> | undefined,
  ): Promise<AdminAnswer> {
    if (!save) throw readOnly(kind);
    const entity = run();
    await save();
    return entity ? { status, body: show(kind, entity) } : { status };
  }

  function schemas({ method, body }: AdminRequest, [entity, name, ...rest]: string[]): AdminAnswer {
    const plugins = options.plugins();
    if (method === 'POST' && name === 'validate' && rest.length === 0) {
      if (!isKind(entity)) throw new AdminError(404, { message: `No entity named '${entity}'` });
      readEntity(entity, withoutNulls(body), plugins);
      return { status: 200, body: { message: 'schema validation successful' } };
    }
    if (method !== 'GET') throw methodNotAllowed();
    if (entity === 'plugins' && name !== undefined && rest.length === 0) {
      const plugin = plugins.get(name);
      if (!plugin) throw new AdminError(404, { message: `No plugin named '${name}'` });
      return { status: 200, body: pluginSchemaJson(plugin) };
    }
    if (name !== undefined) throw notFound();
    if (!isKind(entity)) throw new AdminError(404, { message: `No entity named '${entity}'` });
    return { status: 200, body: schemaJson(ADMIN_SCHEMAS[entity]) };
  }

  return async (request) => {
    const [first, second, ...rest] = request.path
      .split('/')
      .filter((part) => part !== '')
      .map(decode);
    if (first === undefined)
      return request.method === 'GET'
        ? { status: 200, body: about(version, options.plugins(), save !== undefined) }
        : Promise.reject(methodNotAllowed());
    if (first === 'schemas' && second !== undefined) return schemas(request, [second, ...rest]);
    if (rest.length > 0) throw notFound();
    if (isKind(first)) return entities(request, first, second);
    if (first === 'filter-chains')
      throw new AdminError(400, { message: 'this endpoint is only available when wasm is enabled' });
    if (!EMPTY_KINDS.has(first)) throw notFound();
    if (request.method !== 'GET')
      throw new AdminError(405, { message: `'${first}' is not supported by the embedded gateway` });
    if (second !== undefined) throw notFound();
    return { status: 200, body: listPage(`/${first}`, [], request.query) };
  };
}

/** `GET /`: decK reads the version only. */
function about(version: string, plugins: ReadonlyMap<string, Plugin>, writable: boolean): object {
  const names = [...plugins.keys()].sort();
  return {
    version,
    tagline: 'the embedded gateway of piStats, compatible with Kong',
    configuration: { database: writable ? 'postgres' : 'off', router_flavor: 'traditional_compatible' },
    plugins: {
      available_on_server: Object.fromEntries(names.map((name) => [name, true])),
      enabled_in_cluster: names,
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidOption(11, 'invalid options', 'the path is not well encoded');
  }
}

/** Null stands for no value: what has a default gets it. */
const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function merge(before: Fields, patch: Fields): Fields {
  const merged: Fields = { ...before };
  for (const [field, value] of Object.entries(patch)) {
    const old = merged[field];
    merged[field] = isRecord(old) && isRecord(value) && !('id' in value) ? merge(old, value) : value;
  }
  return merged;
}
