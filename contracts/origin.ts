/** A host with an optional port, and `*.` before it for any one or more labels. */
const HOST = /^(\*\.)?([^*/,@?#\\\s]+)$/;
/** What a web view of a hybrid app sends: `capacitor://localhost`, `ionic://localhost`, `app://bundle`. */
const APP_ORIGIN = /^([a-z][a-z0-9+.-]*):(?:\/\/|:)([a-z0-9.-]+(?::\d{1,5})?)$/;
const WEB_SCHEMES = new Set(['http', 'https']);
/** Schemes of the web (WHATWG URL) under which no page lives; a file's origin is `null`. */
const NO_ORIGIN = new Set(['about', 'blob', 'data', 'file', 'ftp', 'javascript', 'ws', 'wss']);

function appOrigin(origin: string): string | undefined {
  const [, scheme = '', host = ''] = APP_ORIGIN.exec(origin.toLowerCase()) ?? [];
  if (scheme === '' || WEB_SCHEMES.has(scheme) || NO_ORIGIN.has(scheme)) return undefined;
  return `${scheme}::${host}`;
}

/**
 * What an operator gives as an origin, in the form in which its tag has it. A web page's is its host as browsers send it (WHATWG
 * URL: lower case, punycode, the scheme's own port left out), a hybrid app's is `scheme::host`, since a tag can hold no slash;
 * `null`, which files and sandboxed frames send, is itself. Null when it is no origin.
 */
export function parseOrigin(origin: string): string | null {
  const app = appOrigin(origin);
  if (app) return app;
  const match = HOST.exec(origin.replace(/^https?:\/\//i, '').replace(/:(?:80|443)$/, ''));
  if (!match || !URL.canParse(`https://${match[2]}`)) return null;
  return `${match[1] ?? ''}${new URL(`https://${match[2]}`).host}`;
}

/** An origin's tag as people write it. */
export const showOrigin = (tag: string): string => tag.replace('::', '://');

/** Whether the header Origin is one of those that the tags name. */
export function originAllowed(origin: string, tags: string[]): boolean {
  if (origin === 'null') return tags.includes('null');
  const app = origin.includes('://') ? appOrigin(origin) : undefined;
  if (app) return tags.includes(app);
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  if (host === '' || host === 'null' || !WEB_SCHEMES.has(protocol.slice(0, -1))) return false;
  return tags.some((allowed) =>
    allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed,
  );
}
