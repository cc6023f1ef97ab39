/** Deeper than any real event, and far from where a recursive reader (JSON.stringify, PostgreSQL's jsonb) gives up. */
export const MAX_JSON_DEPTH = 32;

/** Whether PostgreSQL's text can hold it: no U+0000, and no half of a surrogate pair, which has no UTF-8. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** Whether a value that JSON.parse gave can be stored as jsonb: every string, name and number in it, and its depth. */
export function isStorableJson(value: unknown, depth = MAX_JSON_DEPTH): boolean {
  if (typeof value === 'string') return isStorableText(value);
  // 1e999 is read as Infinity, and would be written as null
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(
    ([name, part]) => isStorableText(name) && isStorableJson(part, depth - 1),
  );
}
