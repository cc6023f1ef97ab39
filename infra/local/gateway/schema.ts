/** Kong's schema language, as far as it is used here: `fields` is an array of one-key objects. */
export interface FieldSchema {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'set' | 'map' | 'record' | 'foreign';
  required?: boolean;
  default?: unknown;
  one_of?: unknown[];
  between?: [number, number];
  gt?: number;
  len_min?: number;
  starts_with?: string;
  uuid?: boolean;
  elements?: FieldSchema;
  keys?: FieldSchema;
  values?: FieldSchema;
  fields?: Record<string, FieldSchema>[];
  referenceable?: boolean;
  encrypted?: boolean;
  description?: string;
  /** shown by the Admin API only: filled by the gateway, seconds since the epoch, no two alike, what is referred to */
  auto?: boolean;
  timestamp?: boolean;
  unique?: boolean;
  reference?: string;
  /** ours, where Kong has a Lua pattern or function: the sentence says what is wrong */
  check?: (value: never) => string | undefined;
  /** Kong knows the field, this gateway can't honour it: only its default is taken */
  unsupported?: boolean;
}
export interface RecordSchema {
  fields: Record<string, FieldSchema>[];
  /** old names of fields that Kong goes on taking and showing, each with the path it stands for */
  shorthands?: Record<string, string[]>;
}

// biome-ignore format: a list
const KNOWN = new Set([
  'type', 'required', 'default', 'one_of', 'between', 'gt', 'len_min', 'starts_with', 'uuid', 'elements',
  'keys', 'values', 'fields', 'referenceable', 'encrypted', 'description', 'check', 'unsupported',
]);
const TYPES = new Set(['string', 'integer', 'number', 'boolean', 'array', 'set', 'map', 'record']);
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export type Report = (path: string, message: string) => void;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A dump of decK names what nobody asked for: `defaults: {}`, `snis: []`, `tls_verify: null`. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Reports every rule of a schema from elsewhere (a plugin's dump) that `validateRecord` would not enforce. */
export function unknownRules(field: FieldSchema, path: string, report: Report): void {
  for (const rule of Object.keys(field))
    if (!KNOWN.has(rule)) report(path, `the schema rule '${rule}' is not supported by the embedded gateway`);
  if (!TYPES.has(field.type))
    report(path, `the type '${field.type}' is not supported by the embedded gateway`);
  for (const part of [field.elements, field.keys, field.values])
    if (part) unknownRules(part, `${path}[]`, report);
  for (const entry of field.fields ?? [])
    for (const [name, inner] of Object.entries(entry)) unknownRules(inner, `${path}.${name}`, report);
}

const EXPECTED: Record<string, (value: unknown) => string | undefined> = {
  string: (value) => (typeof value === 'string' ? undefined : 'expected a string'),
  integer: (value) => (Number.isInteger(value) ? undefined : 'expected an integer'),
  number: (value) => (typeof value === 'number' ? undefined : 'expected a number'),
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'expected a boolean'),
  array: (value) => (Array.isArray(value) ? undefined : 'expected an array'),
  set: (value) => (Array.isArray(value) ? undefined : 'expected a set'),
  map: (value) => (isRecord(value) ? undefined : 'expected a map'),
  record: (value) => (isRecord(value) ? undefined : 'expected a record'),
  foreign: (value) =>
    isRecord(value) || typeof value === 'string' ? undefined : 'expected a reference by name',
};

function violation(field: FieldSchema, value: unknown): string | undefined {
  const wrongType = EXPECTED[field.type]?.(value);
  if (wrongType) return wrongType;
  if (field.one_of && !field.one_of.includes(value)) return `expected one of: ${field.one_of.join(', ')}`;
  if (field.between && ((value as number) < field.between[0] || (value as number) > field.between[1]))
    return `value should be between ${field.between[0]} and ${field.between[1]}`;
  if (field.gt !== undefined && !((value as number) > field.gt))
    return `value must be greater than ${field.gt}`;
  const shortest = field.len_min ?? (field.type === 'string' ? 1 : 0);
  if ((typeof value === 'string' || Array.isArray(value)) && value.length < shortest)
    return `length must be at least ${shortest}`;
  if (field.starts_with && !(value as string).startsWith(field.starts_with))
    return `should start with: ${field.starts_with}`;
  if (field.uuid && !UUID.test(value as string)) return 'expected a valid UUID';
  return field.check?.(value as never);
}

function validateField(field: FieldSchema, value: unknown, path: string, report: Report): unknown {
  const wrong = violation(field, value);
  if (wrong) {
    report(path, wrong);
    return value;
  }
  if (field.type === 'record') return validateRecord({ fields: field.fields ?? [] }, value, path, report);
  if (field.type === 'map')
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).map(([key, item]) => {
        if (field.keys) validateField(field.keys, key, `${path}.${key}`, report);
        return [key, field.values ? validateField(field.values, item, `${path}.${key}`, report) : item];
      }),
    );
  if (!Array.isArray(value)) return value;
  const items = value.map((item, i) =>
    field.elements ? validateField(field.elements, item, `${path}[${i + 1}]`, report) : item,
  );
  return field.type === 'set' ? [...new Set(items)] : items;
}

/**
 * Checks a record and fills its defaults; what is wrong goes to `report`. A field that is absent or null and has no
 * default is left out of the result; a required record is made of its own defaults, as Kong does.
 */
export function validateRecord(
  schema: RecordSchema,
  value: unknown,
  path: string,
  report: Report,
): Record<string, unknown> {
  const input = isRecord(value) ? value : {};
  const out: Record<string, unknown> = {};
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  const known = new Set<string>();
  for (const entry of schema.fields)
    for (const [name, field] of Object.entries(entry)) {
      known.add(name);
      const given = input[name] ?? structuredClone(field.default);
      const asks = !isEmpty(input[name]) && input[name] !== field.default;
      if (field.unsupported && asks) report(at(name), 'is not supported by the embedded gateway');
      else if (given !== undefined && given !== null)
        out[name] = validateField(field, given, at(name), report);
      else if (field.type === 'record' && field.required !== false && !field.unsupported)
        out[name] = validateField(field, {}, at(name), report);
      else if (field.required) report(at(name), 'required field missing');
    }
  for (const name of Object.keys(input)) if (!known.has(name)) report(at(name), 'unknown field');
  return out;
}
