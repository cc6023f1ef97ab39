/** A host with an optional port, and `*.` before it for any one or more labels. */
const ORIGIN = /^(\*\.)?([^*/,@?#\\\s]+)$/;

/**
 * What an operator gives as an origin, in the form in which browsers send the host of theirs (WHATWG URL: lower case,
 * punycode, the scheme's own port left out): an `origin:` tag in any other form would never match. Null when it is no
 * origin.
 */
export function parseOrigin(origin: string): string | null {
  const match = ORIGIN.exec(origin.replace(/^https?:\/\//i, '').replace(/:(?:80|443)$/, ''));
  if (!match || !URL.canParse(`https://${match[2]}`)) return null;
  return `${match[1] ?? ''}${new URL(`https://${match[2]}`).host}`;
}
