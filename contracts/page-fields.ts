import { makeStorable } from './json-value.ts';

/**
 * What a page or app does not choose itself: where its visitor came from, what its web view calls its address, what the
 * system says of language and time zone. None of it refuses a request: what is usable is kept, the rest is cut or left out.
 */

/** In characters; longer addresses are those of advertisements, with identifiers of thousands of characters. */
export const MAX_URL = 2048;
export const MAX_LOCALE = 35;

/** Addresses that are code or content rather than a place: whoever shows one as a link would run it. */
const NO_PLACE = /^(?:javascript|vbscript|data|blob):/i;

/** A URL of any scheme, cut to MAX_URL; undefined when it is none, or none of a place. */
export function usableUrl(text: string): string | undefined {
  const url = makeStorable(text).trim();
  if (NO_PLACE.test(url) || !URL.canParse(url)) return undefined;
  return url.length <= MAX_URL ? url : shorten(url);
}

/** Without its fragment, and without as many parameters as it takes: the longest first, those of campaigns last. */
function shorten(url: string): string | undefined {
  const [place = '', query = ''] = (url.split('#', 1)[0] as string).split(/\?(.*)/s, 2);
  // half a host would be another host
  if (new URL(url).host.length > MAX_URL / 2) return undefined;
  if (place.length > MAX_URL) return cut(place);
  const parameters = query.split('&');
  const order = parameters
    .map((_, index) => index)
    .sort((a, b) => weight(parameters[a]) - weight(parameters[b]));
  const kept = new Set<number>();
  let room = MAX_URL - place.length;
  for (const index of order) {
    room -= (parameters[index] as string).length + 1;
    if (room < 0) break;
    kept.add(index);
  }
  const rest = parameters.filter((_, index) => kept.has(index)).join('&');
  return rest === '' ? place : `${place}?${rest}`;
}

const weight = (parameter = '') =>
  (/^utm_/i.test(parameter) ? 0 : MAX_URL) + Math.min(parameter.length, MAX_URL);

/** Neither within an escape nor within a character. */
const cut = (text: string) =>
  text
    .slice(0, MAX_URL)
    .replace(/%[0-9a-f]?$/i, '')
    .replace(/[\ud800-\udbff]$/, '');

const LOCALE = /^[a-z0-9]{1,8}(?:[-_][a-z0-9]{1,8})*(?=$|[.@;,])/i;

/** A language tag (BCP 47, or as POSIX and iOS write one) without what does not fit: `en-US`, `zh-Hant_TW`. */
export function usableLocale(text: string): string | undefined {
  const tag = LOCALE.exec(text.trim())?.[0];
  if (tag === undefined || tag.length <= MAX_LOCALE) return tag;
  const cutAt = /^.*(?=[-_])/.exec(tag.slice(0, MAX_LOCALE + 1))?.[0];
  // an extension without its value says nothing
  return cutAt?.replace(/(?:[-_][a-z0-9])+$/i, '');
}

const MAX_KNOWN_ZONES = 1_000;
const zones = new Map<string, boolean>();

/** The name of a time zone that can be told the time in; undefined for any other text. */
export function usableTimeZone(text: string): string | undefined {
  if (text.length > 64) return undefined;
  let known = zones.get(text);
  if (known === undefined) {
    known = isTimeZone(text);
    if (zones.size < MAX_KNOWN_ZONES) zones.set(text, known);
  }
  return known ? text : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
