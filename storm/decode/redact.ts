/** What a rejected event keeps of itself: all but the client's IP, which no analytics table may hold. */

const IP_KEY = /^client_?ip$/i;
const IPV4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
const IPV6 =
  /(?<![0-9a-f:.])(?=[0-9a-f:.]*:[0-9a-f:.]*:)[0-9a-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![0-9a-f:])/gi;
/** Two colons and no more: no IPv6 address, which has seven or a double one. */
const TIME_OF_DAY = /^\d{1,2}:\d\d:\d\d$/;
const REDACTED = '[ip]';

/** JSON text of a parsed value without any `clientip`, however deep. */
export function withoutClientIp(value: unknown): string {
  return JSON.stringify(value, (key, inner) => (IP_KEY.test(key) ? undefined : inner)) ?? 'null';
}

/**
 * Text that could not be parsed: everything that looks like an address goes. That takes a few version numbers along;
 * times stay, without which a mended event could not be put back.
 */
export function withoutAddresses(text: string): string {
  return text.replace(IPV4, REDACTED).replace(IPV6, (match) => (TIME_OF_DAY.test(match) ? match : REDACTED));
}
