import { accessSync, constants } from 'node:fs';

/**
 * What PostgreSQL's own clients take (libpq, "SSL Support"), and `no-verify`, which is node-postgres'. `allow` and `prefer` would
 * go on without TLS where a server has none: here they want it, as `require` does.
 */
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
/** libpq: the authorities that the machine trusts, instead of a file */
const SYSTEM = 'system';

/**
 * A PostgreSQL URL as node-postgres has to be given it for libpq's meaning of `sslmode` and `sslrootcert`: left to itself it takes
 * `require` for `verify-full`, and writes a warning to stderr. What is no URL stays as it is.
 */
export function connectionUrl(databaseUrl: string): string {
  const url = URL.parse(databaseUrl);
  const mode = url?.searchParams.get('sslmode');
  if (!url || !mode || mode === 'disable' || mode === 'no-verify') return databaseUrl;
  if (mode === 'allow') url.searchParams.set('sslmode', 'prefer');
  if (url.searchParams.get('sslrootcert') === SYSTEM) url.searchParams.delete('sslrootcert');
  url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

/** What is wrong with what a PostgreSQL URL says of TLS, as the end of a sentence; undefined: nothing. Holds no part of a login. */
export function tlsProblem(databaseUrl: string): string | undefined {
  const parameters = URL.parse(databaseUrl)?.searchParams;
  const mode = parameters?.get('sslmode');
  const authority = parameters?.get('sslrootcert');
  if (mode && !MODES.includes(mode)) return `has an sslmode that is none of ${MODES.join(', ')}`;
  if (mode === 'verify-ca' && (!authority || authority === SYSTEM))
    return 'says sslmode=verify-ca and names no sslrootcert, the file of the authority to trust';
  if (!authority || authority === SYSTEM) return undefined;
  try {
    accessSync(authority, constants.R_OK);
    return undefined;
  } catch {
    return 'names a file by sslrootcert that can not be read';
  }
}
