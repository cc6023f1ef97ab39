import { randomUUID } from 'node:crypto';
import { type Entities, type Entity, type EntityKind, referenceOf } from '../entities.ts';
import { UNIQUE } from '../entity-checks.ts';
import { UUID } from '../schema.ts';
import { foreignKeyViolation, notFound, stillReferenced, uniqueViolation } from './admin-errors.ts';
import type { Fields } from './read-entity.ts';

export const KINDS: EntityKind[] = ['services', 'routes', 'consumers', 'plugins'];
/** field → the kind it refers to */
const REFERENCES: Record<EntityKind, Record<string, EntityKind>> = {
  services: {},
  routes: { service: 'services' },
  consumers: {},
  plugins: { route: 'routes', service: 'services', consumer: 'consumers' },
};
/** The field by which an entity can be named in a path. */
const NAMED_BY: Record<EntityKind, string> = {
  services: 'name',
  routes: 'name',
  consumers: 'username',
  plugins: 'instance_name',
};

/** The synced entities and the constraints that hold between them, as Kong's database has them. */
export interface EntityStore {
  /** by id, or by the name that stands in a path */
  find(kind: EntityKind, key: string): Entity | undefined;
  /** Creates the entity, or replaces the one that is there. @throws AdminError */
  put(kind: EntityKind, key: string, fields: Fields): Entity;
  /** False when there was none. Plugins go with what they are bound to. @throws AdminError while routes refer to a service */
  remove(kind: EntityKind, key: string): boolean;
  /** ordered by id */
  list(kind: EntityKind): Entity[];
  all(): Entities;
}

export function createEntityStore(initial: Entities, now = () => Math.floor(Date.now() / 1000)): EntityStore {
  const entities = Object.fromEntries(
    KINDS.map((kind) => [kind, new Map(initial[kind].map((entity) => [entity.id, entity]))]),
  ) as Record<EntityKind, Map<string, Entity>>;
  /** `kind field value` → id */
  const taken = new Map<string, string>();
  const uniqueKeys = (kind: EntityKind, entity: Fields): [key: string, fields: Fields][] => {
    const keys = UNIQUE[kind]
      .filter((field) => entity[field] !== undefined && entity[field] !== null)
      .map((field): [string, Fields] => [`${kind} ${field} ${entity[field]}`, { [field]: entity[field] }]);
    if (kind === 'plugins') {
      const place: Fields = { name: entity.name };
      for (const field of Object.keys(REFERENCES.plugins)) place[field] = entity[field] ?? null;
      keys.push([`plugins place ${JSON.stringify(place)}`, place]);
    }
    return keys;
  };
  for (const kind of KINDS)
    for (const entity of entities[kind].values())
      for (const [key] of uniqueKeys(kind, entity)) taken.set(key, entity.id);

  const find: EntityStore['find'] = (kind, key) =>
    UUID.test(key)
      ? entities[kind].get(key.toLowerCase())
      : entities[kind].get(taken.get(`${kind} ${NAMED_BY[kind]} ${key}`) ?? '');

  /** References may be given by id or by name; only the id is kept. */
  function resolve(kind: EntityKind, fields: Fields): Fields {
    const resolved: Fields = { ...fields };
    for (const [field, target] of Object.entries(REFERENCES[kind])) {
      const given = fields[field] as { id?: string; name?: string; username?: string } | undefined;
      if (!given) continue;
      const key = given.id ?? given.name ?? given.username ?? '';
      const found = find(target, key);
      if (!found) throw foreignKeyViolation(field, key, target);
      resolved[field] = { id: found.id };
    }
    return resolved;
  }

  function forget(kind: EntityKind, entity: Entity): void {
    entities[kind].delete(entity.id);
    for (const [key] of uniqueKeys(kind, entity)) taken.delete(key);
  }

  return {
    find,
    put(kind, key, fields) {
      const before = find(kind, key);
      const sent = fields.id as string | undefined;
      const id = before?.id ?? (UUID.test(key) ? key : (sent ?? randomUUID())).toLowerCase();
      const named = UUID.test(key) || key === '' ? {} : { [NAMED_BY[kind]]: key };
      const created_at = (fields.created_at as number | undefined) ?? before?.created_at ?? now();
      const entity: Entity = {
        ...resolve(kind, { ...named, ...fields }),
        id,
        created_at,
        updated_at: now(),
      };
      for (const [unique, values] of uniqueKeys(kind, entity)) {
        const holder = taken.get(unique);
        if (holder !== undefined && holder !== id) throw uniqueViolation(values);
      }
      if (before) forget(kind, before);
      entities[kind].set(id, entity);
      for (const [unique] of uniqueKeys(kind, entity)) taken.set(unique, id);
      return entity;
    },
    remove(kind, key) {
      const entity = find(kind, key);
      if (!entity) return false;
      const field = kind.slice(0, -1);
      if (kind === 'services')
        for (const route of entities.routes.values())
          if (referenceOf(route, field) === entity.id) throw stillReferenced(kind, 'routes');
      if (kind !== 'plugins')
        for (const plugin of [...entities.plugins.values()])
          if (referenceOf(plugin, field) === entity.id) forget('plugins', plugin);
      forget(kind, entity);
      return true;
    },
    list: (kind) => [...entities[kind].values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    all: () => Object.fromEntries(KINDS.map((kind) => [kind, [...entities[kind].values()]])) as never,
  };
}

/** @throws AdminError 404 */
export function mustFind(store: EntityStore, kind: EntityKind, key: string): Entity {
  const entity = store.find(kind, key);
  if (!entity) throw notFound();
  return entity;
}
