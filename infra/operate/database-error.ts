import { OperatorError, type OperatorErrorCode } from './errors.ts';

/** SQLSTATEs that an operator can act on (PostgreSQL manual, appendix A), and what to do. */
const SQLSTATES: Record<string, [OperatorErrorCode, string]> = {
  '28P01': ['database_login', 'the user or the password is wrong'],
  '28000': ['database_login', 'it refuses this user, or this machine (pg_hba.conf)'],
  '3D000': ['database_missing', 'the server has no database of that name'],
  '42P01': ['database_schema', 'it has no tables yet: run its migrations first'],
  '42703': ['database_schema', 'its tables are of an older version: run its migrations first'],
  '42501': ['database_permission', 'this role may not do that: use the owner'],
  '53300': ['database_unreachable', 'it has no connection left'],
  '57P03': ['database_unreachable', 'it is starting up or shutting down'],
};

/** What Node's TLS says (its names of OpenSSL's verification results), and pg where one side wants TLS and the other not. */
const TLS =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|EPROTO)$/;
const NO_TLS_THERE = /does not support SSL/i;
/** 28000, as pg_hba.conf's hostssl has it */
const TLS_WANTED = /no encryption|SSL off/i;

interface DatabaseFailure {
  code?: string;
  message?: string;
}

/**
 * A driver's error as one sentence about the database `name`, which holds no URL: that has a password in it.
 * Undefined: it is none of a database.
 */
export function explainDatabaseError(name: string, error: unknown): OperatorError | undefined {
  const { code = '', message = '' } = error as DatabaseFailure;
  const failed = (kind: OperatorErrorCode, why: string) => new OperatorError(kind, `the ${name}: ${why}.`);
  if (code.startsWith('28') && TLS_WANTED.test(message))
    return failed('database_tls', 'it takes only connections with TLS: add sslmode=verify-full to its URL');
  if (NO_TLS_THERE.test(message))
    return failed('database_tls', 'its URL asks for TLS and the server has none: see sslmode');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      'database_tls',
      'its certificate is not for the host in its URL: give the name that it is for',
    );
  if (TLS.test(code))
    return failed('database_tls', `its certificate is not trusted (${code}): give its CA by sslrootcert`);
  const known = SQLSTATES[code];
  if (known) return failed(...known);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return failed('database_unreachable', `the host in its URL has no address (${code})`);
  if (code === 'ERR_INVALID_URL') return failed('database_url', 'what is given is no URL');
  if (/^E[A-Z]+$|^08|^57/.test(code) || /timeout|terminated/i.test(message))
    return failed('database_unreachable', `nothing answers there (${code || 'timeout'})`);
  if (/^[0-9A-Z]{5}$/.test(code)) return failed('database_failed', `${message} (${code})`);
  return undefined;
}
