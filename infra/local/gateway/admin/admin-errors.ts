/** An error of the Admin API: Kong's status, and its body with its own code, name and message. */
export class AdminError extends Error {
  readonly status: number;
  readonly body: object;
  constructor(status: number, body: { message: string; [field: string]: unknown }) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

export interface Violation {
  /** `config.redis.host`; '' is the entity itself */
  path: string;
  message: string;
}

export const notFound = () => new AdminError(404, { message: 'Not found' });
export const methodNotAllowed = () => new AdminError(405, { message: 'Method not allowed' });
export const badJson = () => new AdminError(400, { message: 'Cannot parse JSON body' });

export function schemaViolation(violations: Violation[]): AdminError {
  const sorted = [...violations].sort((a, b) => (a.path < b.path ? -1 : 1));
  const fields: Record<string, unknown> = {};
  for (const { path, message } of sorted) {
    if (path === '') fields['@entity'] = [...((fields['@entity'] as string[] | undefined) ?? []), message];
    else nest(fields, path.split('.'), message);
  }
  const list = sorted.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  const count = sorted.length === 1 ? 'schema violation' : `${sorted.length} schema violations`;
  return new AdminError(400, { code: 2, name: 'schema violation', fields, message: `${count} (${list})` });
}

function nest(fields: Record<string, unknown>, [first = '', ...rest]: string[], message: string): void {
  if (rest.length === 0) fields[first] = message;
  else {
    if (typeof fields[first] !== 'object') fields[first] = {};
    nest(fields[first] as Record<string, unknown>, rest, message);
  }
}

export function uniqueViolation(fields: Record<string, unknown>): AdminError {
  const message = `UNIQUE violation detected on '${luaTable(fields)}'`;
  return new AdminError(409, { code: 5, name: 'unique constraint violation', fields, message });
}

export function foreignKeyViolation(field: string, id: string, kind: string): AdminError {
  return new AdminError(400, {
    code: 4,
    name: 'foreign key violation',
    fields: { [field]: { id } },
    message: `the foreign key '${luaTable({ id })}' does not reference an existing '${kind}' entity.`,
  });
}

export function stillReferenced(kind: string, by: string): AdminError {
  return new AdminError(400, {
    code: 4,
    name: 'foreign key violation',
    fields: { '@referenced_by': by },
    message: `an existing '${by}' entity references this '${kind}' entity`,
  });
}

export function invalidOption(code: number, name: string, message: string): AdminError {
  return new AdminError(400, { code, name, message });
}

/** What Kong without a database says to every write. */
export function readOnly(kind: string): AdminError {
  const message = `cannot create or update '${kind}' entities when not using a database`;
  return new AdminError(405, { code: 12, name: 'operation unsupported', message });
}

/** Kong prints what collides as Lua would: `{name="r",route=null,service={id="…"}}`, keys in order. */
function luaTable(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}=${luaTable(item)}`).join(',')}}`;
}
