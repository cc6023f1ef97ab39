import * as z from 'zod';

export type Path = (string | number)[];

interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
}

/** Where a body of this schema may hold a string, so that a new field is found without being named here. */
export function stringFields(schema: z.ZodType): Path[] {
  const found = walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
  return [...new Map(found.map((path) => [path.join('/'), path])).values()];
}

function walk(schema: JsonSchema): Path[] {
  const under = (name: string | number, inner: JsonSchema) => walk(inner).map((path) => [name, ...path]);
  const paths: Path[] = [schema.type].flat().includes('string') ? [[]] : [];
  for (const [name, inner] of Object.entries(schema.properties ?? {})) paths.push(...under(name, inner));
  for (const inner of schema.anyOf ?? []) paths.push(...walk(inner));
  if (schema.items) paths.push(...under(0, schema.items));
  // any name, and under it any value: a text, too
  if (typeof schema.additionalProperties === 'object') paths.push(['any']);
  return paths;
}

/** A copy of the body with one value replaced; throws when the body has no such place. */
export function withValue<T>(body: T, path: Path, value: unknown): T {
  const copy = structuredClone(body);
  const last = path.at(-1) as string;
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)?.[name], copy);
  if (typeof (parent as Record<string, unknown> | undefined)?.[last] !== 'string')
    throw new Error(`the sample has no text at ${path.join('/')}`);
  (parent as Record<string, unknown>)[last] = value;
  return copy;
}
