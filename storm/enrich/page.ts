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
    page_path: cut(url?.pathname),
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

/** A query may hold %00, which PostgreSQL's text can't. */
function cut(value: string | null | undefined): string | null {
  return value ? value.replaceAll('\u0000', '').slice(0, MAX_LENGTH) || null : null;
}
