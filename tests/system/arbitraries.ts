import fc from 'fast-check';
import * as z from 'zod';
import { HOSTILE } from './hostile.ts';

interface JsonSchema {
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/** Values that a field is likely to be read wrongly from. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1e308, '', [], {}, [[]], 'null', '\u0000', '\ud800'),
  fc.constantFrom<unknown>(...Object.values(HOSTILE)),
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** Bodies of a schema: most fields as it wants them, now and then one that it does not. */
export function bodiesOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  return valuesOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
}

function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: wanted(schema) }, { weight: 1, arbitrary: odd });
}

function wanted(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(wanted));
  if (schema.items)
    return fc.array(valuesOf(schema.items), {
      minLength: schema.minItems ?? 0,
      maxLength: Math.min(schema.maxItems ?? 5, 5),
    });
  if (schema.properties) {
    const fields = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, valuesOf(inner)]),
    );
    const known = fc.record(fields, { requiredKeys: schema.required ?? [] });
    const more = fc
      .tuple(known, fc.string({ maxLength: 20 }), odd)
      .map(([body, name, value]) => ({ ...body, [name]: value }));
    const fewer = fc
      .tuple(known, fc.constantFrom(...Object.keys(fields)))
      .map(([body, name]) => ({ ...body, [name]: undefined }));
    return fc.oneof(
      { weight: 10, arbitrary: known },
      { weight: 1, arbitrary: more },
      { weight: 1, arbitrary: fewer },
    );
  }
  if (schema.type === 'object')
    return fc.dictionary(fc.string({ maxLength: 30 }), fc.jsonValue({ maxDepth: 6 }), { maxKeys: 6 });
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? -(2 ** 31), max: Math.min(schema.maximum ?? 1_000, 1_000) });
  if ([schema.type].flat().includes('string'))
    return schema.type === 'string'
      ? textOf(schema)
      : fc.oneof(textOf(schema), fc.webUrl(), fc.constant(null));
  return fc.jsonValue({ maxDepth: 3 });
}

function textOf({ format, pattern, minLength = 1, maxLength = 60 }: JsonSchema): fc.Arbitrary<string> {
  // an event's id has no pattern: its time must be near, or storage rejects it
  if (format === 'uuid' && !pattern) return fc.uuid({ version: 7 }).map((id) => `${nowHex()}${id.slice(13)}`);
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc
      .date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (format === 'uri') return fc.webUrl({ withQueryParameters: true, withFragments: true });
  // names of properties that there are; for the others they are as good as any
  if (pattern)
    return fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('www', 'app') },
      { weight: 1, arbitrary: matching(pattern) },
    );
  // a grapheme may be several of the characters that are counted
  const longest = Math.max(minLength, Math.floor(Math.min(maxLength, 200) / 4));
  return fc.string({ unit: 'grapheme', minLength, maxLength: longest });
}

const nowHex = () =>
  Date.now()
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})(.{4})$/, '$1-$2');

/** What fits the pattern, as far as fast-check can read it; else any ASCII. */
function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    return fc.string({ minLength: 1 });
  }
}
