import type { EntityKind } from '../entities.ts';
import { CONSUMER, PLUGIN, ROUTE, SERVICE } from '../entity-schemas.ts';
import type { Plugin } from '../plugin.ts';
import type { FieldSchema, RecordSchema } from '../schema.ts';

type Fields = Record<string, FieldSchema>;

/** What an entity has in the Admin API and not in a decK file, where others stand in for it. */
const COMMON: Fields = {
  id: { type: 'string', uuid: true, auto: true },
  created_at: { type: 'integer', timestamp: true, auto: true },
  updated_at: { type: 'integer', timestamp: true, auto: true },
};
const refersTo = (reference: string): FieldSchema => ({ type: 'foreign', reference });
/** Of a plugin; it goes with what it refers to. */
const boundTo = (reference: string): FieldSchema => ({ ...refersTo(reference), default: null });

/** decK's nested lists and abbreviations are not fields of the entity. */
function adminSchema({ fields }: RecordSchema, without: string[], own: Fields): RecordSchema {
  const nested = Object.assign({}, ...fields) as Fields;
  for (const name of without) delete nested[name];
  const all = { ...nested, ...COMMON, ...own };
  return { fields: Object.entries(all).map(([name, field]) => ({ [name]: field })) };
}
const named = ({ fields }: RecordSchema, field: string): FieldSchema => Object.assign({}, ...fields)[field];
const name: FieldSchema = { ...named(SERVICE, 'name'), required: false, unique: true };

export const ADMIN_SCHEMAS: Record<EntityKind, RecordSchema> = {
  services: adminSchema(SERVICE, ['url', 'routes', 'plugins'], {
    name,
    protocol: { ...named(SERVICE, 'protocol'), required: true },
    host: { type: 'string', required: true },
    port: { type: 'integer', required: true, default: 80, between: [0, 65_535] },
  }),
  routes: adminSchema(ROUTE, ['plugins'], { name, service: refersTo('services') }),
  consumers: adminSchema(
    CONSUMER,
    CONSUMER.fields
      .map((field) => Object.keys(field)[0] as string)
      .filter((field) => !['id', 'username', 'custom_id', 'tags'].includes(field)),
    { username: { type: 'string', unique: true }, custom_id: { type: 'string', unique: true } },
  ),
  plugins: adminSchema(PLUGIN, [], {
    instance_name: { type: 'string', unique: true },
    route: boundTo('routes'),
    service: boundTo('services'),
    consumer: boundTo('consumers'),
  }),
};

/** `GET /schemas/<kind>`, `GET /schemas/plugins/<name>`: in the format decK takes its defaults from. */
export function schemaJson(schema: RecordSchema): object {
  return { fields: schema.fields.map(fieldEntry), entity_checks: [] };
}

export function pluginSchemaJson({ schema }: Plugin): object {
  const config = { type: 'record', required: true, fields: schema.fields.map(fieldEntry) };
  const shorthands = Object.entries(schema.shorthands ?? {}).map(([shorthand, [record, field]]) => {
    const { type, len_min } = innerField(schema, record as string, field as string);
    return { [shorthand]: { type, ...(len_min === undefined ? {} : { len_min }) } };
  });
  const fields = [
    { config: { ...config, ...(shorthands.length > 0 ? { shorthand_fields: shorthands } : {}) } },
  ];
  return { fields, entity_checks: [] };
}

const fieldEntry = (entry: Fields): object =>
  Object.fromEntries(Object.entries(entry).map(([field, schema]) => [field, fieldJson(schema)]));

function fieldJson({
  check,
  unsupported,
  description,
  elements,
  values,
  keys,
  fields,
  ...rest
}: FieldSchema): object {
  // a plugin's config is checked against its own schema, which stands apart
  if (rest.type === 'map' && !keys && !values) return { type: 'record' };
  return {
    ...rest,
    ...(elements ? { elements: fieldJson(elements) } : {}),
    ...(keys ? { keys: fieldJson(keys) } : {}),
    ...(values ? { values: fieldJson(values) } : {}),
    ...(fields ? { fields: fields.map(fieldEntry) } : {}),
  };
}

function innerField(schema: RecordSchema, record: string, field: string): FieldSchema {
  return named({ fields: named(schema, record).fields ?? [] }, field);
}
