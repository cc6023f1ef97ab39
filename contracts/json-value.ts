/** Deeper than any real event, and far from where a recursive reader (JSON.stringify, PostgreSQL's jsonb) gives up. */
export const MAX_JSON_DEPTH = 32;

/** Whether PostgreSQL's text can hold it: no U+0000, and no half of a surrogate pair, which has no UTF-8. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** The text as PostgreSQL can hold it: U+0000 left out, half a surrogate pair become U+FFFD. */
export function makeStorable(text: string): string {
  return isStorableText(text) ? text : text.replaceAll('\u0000', '').toWellFormed();
}

/** Why a value can't be stored, and where: names and indexes from the top. */
export interface Unstorable {
  path: (string | number)[];
  reason: string;
}

/**
 * A value that JSON.parse gave as jsonb can hold it: its texts made storable. What can't be mended is said: a name that is
 * no storable text, a number that became infinite, too many levels.
 */
export function storableJson(value: unknown, depth = MAX_JSON_DEPTH): { value: unknown } | Unstorable {
  if (typeof value === 'string') return { value: makeStorable(value) };
  // 1e999 is read as Infinity, and would be written as null
  if (typeof value === 'number' && !Number.isFinite(value))
    return { path: [], reason: 'must be a number that a double can hold' };
  if (typeof value !== 'object' || value === null) return { value };
  if (depth === 0) return { path: [], reason: `must not be more than ${MAX_JSON_DEPTH} levels deep` };
  let copy: Record<string, unknown> | unknown[] = value as Record<string, unknown>;
  for (const [name, part] of Object.entries(value)) {
    const key = Array.isArray(value) ? Number(name) : name;
    if (!isStorableText(name))
      return { path: [key], reason: 'must have a name without U+0000 and without half of a surrogate pair' };
    const inner = storableJson(part, depth - 1);
    if ('reason' in inner) return { path: [key, ...inner.path], reason: inner.reason };
    if (inner.value === part) continue;
    if (copy === value) copy = Array.isArray(value) ? [...value] : { ...value };
    (copy as Record<string | number, unknown>)[key] = inner.value;
  }
  return { value: copy };
}
