const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Decodes what needs no encoding and spells the rest in upper case (RFC 3986, 6.2.2). */
function normalizeEncoding(path: string): string {
  return path.replace(/%([0-9a-fA-F]{2})/g, (encoded, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(char) ? char : encoded.toUpperCase();
  });
}

/** The path Kong matches routes on: encoding normalised, slashes merged, dot segments resolved. */
export function normalizePath(path: string): string {
  const decoded = path.includes('%') ? normalizeEncoding(path) : path;
  if (!decoded.includes('//') && !decoded.includes('/.')) return decoded === '' ? '/' : decoded;
  const out: string[] = [];
  const segments = decoded
    .replace(/\/{2,}/g, '/')
    .split('/')
    .slice(1);
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '..') out.pop();
    else if (segment !== '.') out.push(segment);
    if (isLast && (segment === '.' || segment === '..')) out.push('');
  }
  return `/${out.join('/')}`;
}
