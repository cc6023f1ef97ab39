import type { Entity, EntityKind } from '../entities.ts';
import { consumerViolation, readPluginConfig, routeViolation } from '../entity-checks.ts';
import type { Plugin } from '../plugin.ts';
import { type FieldSchema, type RecordSchema, validateRecord } from '../schema.ts';
import { schemaViolation, type Violation } from './admin-errors.ts';
import { ADMIN_SCHEMAS } from './entity-schema.ts';

export type Fields = Record<string, unknown>;

/** Checks what was sent for an entity and fills its defaults; ids and times are the store's to give. @throws AdminError */
export function readEntity(kind: EntityKind, sent: Fields, plugins: ReadonlyMap<string, Plugin>): Fields {
  const violations: Violation[] = [];
  const report = (path: string, message: string) => void violations.push({ path, message });
  const entity = validateRecord(ADMIN_SCHEMAS[kind], sent, '', report);
  if (violations.length === 0) {
    const wrong =
      kind === 'routes'
        ? routeViolation(entity)
        : kind === 'consumers'
          ? consumerViolation(entity)
          : undefined;
    if (wrong) report('', wrong);
  }
  if (kind === 'plugins' && typeof entity.name === 'string') {
    const plugin = plugins.get(entity.name);
    if (plugin) entity.config = readPluginConfig(plugin, entity.config, report);
    else
      report('name', `plugin '${entity.name}' not enabled; add it to the 'plugins' configuration property`);
  }
  if (violations.length > 0) throw schemaViolation(violations);
  return entity;
}

/** The entity as Kong answers it: every field of its schema, null where it has no value. */
export function showEntity(kind: EntityKind, entity: Entity, plugins: ReadonlyMap<string, Plugin>): Fields {
  const shown = withNulls(ADMIN_SCHEMAS[kind], entity);
  if ((shown.tags as string[] | null)?.length === 0) shown.tags = null;
  const plugin = kind === 'plugins' ? plugins.get(entity.name as string) : undefined;
  if (plugin) shown.config = showConfig(plugin, entity.config as Fields);
  return shown;
}

function showConfig({ schema }: Plugin, config: Fields): Fields {
  const shown = withNulls(schema, config);
  for (const [shorthand, [record = '', field = '']] of Object.entries(schema.shorthands ?? {}))
    shown[shorthand] = (shown[record] as Fields | null)?.[field] ?? null;
  return shown;
}

function withNulls({ fields }: RecordSchema, value: Fields): Fields {
  const shown: Fields = {};
  for (const entry of fields)
    for (const [name, field] of Object.entries(entry)) shown[name] = showField(field, value[name]);
  return shown;
}

function showField(field: FieldSchema, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (field.type === 'record' && field.fields) return withNulls({ fields: field.fields }, value as Fields);
  return value;
}
