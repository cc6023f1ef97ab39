import type { EnrichedEvent } from './enriched-event.ts';

export type Page = Pick<
  EnrichedEvent,
  | 'page_host'
  | 'page_path'
  | 'referrer_host'
  | 'utm_source'
  | 'utm_medium'
  | 'utm_campaign'
  | 'utm_term'
  | 'utm_content'
>;

/** What is longer is cut: these columns are grouped by, and the whole URL stays in `data`. */
const MAX_LENGTH = 300;

/** Host, path and campaign of `data.page.url`, host of `data.page.referrer`. */
export function pageOf(data: Record<string, unknown>): Page {
  const page = (typeof data.page === 'object' && data.page !== null ? data.page : {}) as Record<
    string,
    unknown
  >;
  const url = parseUrl(page.url);
  const utm = (name: string) => cut(url?.searchParams.get(`utm_${name}`));
  return {
    page_host: cut(url?.hostname),
    page_path: cutPath(url?.pathname),
    referrer_host: cut(parseUrl(page.referrer)?.hostname),
    utm_source: utm('source'),
    utm_medium: utm('medium'),
    utm_campaign: utm('campaign'),
    utm_term: utm('term'),
    utm_content: utm('content'),
  };
}

function parseUrl(value: unknown): URL | null {
  return typeof value === 'string' ? URL.parse(value) : null;
}

/** A query may hold %00, which PostgreSQL's text can't. No character is cut in two. */
function cut(value: string | null | undefined): string | null {
  if (!value) return null;
  const head = value.replaceAll('\u0000', '').slice(0, 2 * MAX_LENGTH);
  return [...head].slice(0, MAX_LENGTH).join('') || null;
}

/** One character of a path, which is escaped by the bytes of its UTF-8. */
const PATH_CHARACTER =
  /%f[0-7](?:%[89ab][\da-f]){3}|%e[\da-f](?:%[89ab][\da-f]){2}|%[cd][\da-f]%[89ab][\da-f]|%[\da-f]{2}|./giu;

/** An escaped character counts as one, too, and is kept whole. */
function cutPath(path: string | undefined): string | null {
  if (!path || path.length <= MAX_LENGTH) return path || null;
  return Array.from(path.matchAll(PATH_CHARACTER), ([character]) => character)
    .slice(0, MAX_LENGTH)
    .join('');
}
