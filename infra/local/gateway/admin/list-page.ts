import type { Entity } from '../entities.ts';
import { invalidOption } from './admin-errors.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

export interface Page {
  data: Entity[];
  next: string | null;
  offset?: string;
}

/** One page of entities that are ordered by id: `size`, `offset` (opaque) and `tags` of the query. @throws AdminError */
export function listPage(path: string, entities: Entity[], query: URLSearchParams): Page {
  const size = readSize(query.get('size'));
  const matches = tagFilter(query.get('tags'));
  const after = readOffset(query.get('offset'));
  const rest = entities.filter((entity) => matches(entity) && (after === undefined || entity.id > after));
  const data = rest.slice(0, size);
  if (rest.length <= size) return { data, next: null };
  const offset = Buffer.from(JSON.stringify([data.at(-1)?.id])).toString('base64url');
  const tags = query.get('tags');
  const next = new URLSearchParams({ offset, ...(tags ? { tags } : {}), size: String(size) });
  return { data, next: `${path}?${next}`, offset };
}

function readSize(value: string | null): number {
  if (value === null) return DEFAULT_SIZE;
  const size = Number(value);
  if (Number.isInteger(size) && size >= 1 && size <= MAX_SIZE) return size;
  throw invalidOption(9, 'invalid size', `size must be an integer between 1 and ${MAX_SIZE}`);
}

function readOffset(value: string | null): string | undefined {
  if (value === null) return undefined;
  try {
    const [id] = JSON.parse(Buffer.from(value, 'base64url').toString()) as unknown[];
    if (typeof id === 'string') return id;
  } catch {
    // not one of ours
  }
  throw invalidOption(7, 'invalid offset', `'${value}' is not a valid offset: bad base64 encoding`);
}

/** `a,b`: every tag; `a/b`: any of them; not both in one. */
function tagFilter(value: string | null): (entity: Entity) => boolean {
  if (value === null || value === '') return () => true;
  const tags = value.split(/[,/]/);
  if ((value.includes(',') && value.includes('/')) || tags.includes(''))
    throw invalidOption(11, 'invalid options', 'invalid option (tags: invalid filter syntax)');
  const has = (entity: Entity) => (tag: string) => entity.tags?.includes(tag) ?? false;
  return (entity) => (value.includes('/') ? tags.some(has(entity)) : tags.every(has(entity)));
}
