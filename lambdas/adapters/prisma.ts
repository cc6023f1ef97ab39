import { PrismaPg } from '@prisma/adapter-pg';
import { CONNECTION_LIFETIME_S } from '../../contracts/connection-lifetime.ts';
import { connectionUrl } from '../../contracts/database-url.ts';
import { namesStatements } from '../configuration.ts';
import { ConflictError, DataError, LockTimeoutError, UnavailableError } from '../errors.ts';
import { PrismaClient } from '../generated/prisma/client.ts';
import { CONNECT_TIMEOUT_MS, POOL_SIZE, STATEMENT_TIMEOUT_MS } from '../time-limits.ts';
import { DISCARD_PLANS, planAge, statementNames } from './statement-plans.ts';

export interface Registry {
  prisma: PrismaClient;
  /** Runs one statement's work; database errors come out as those of lambdas/errors.ts. */
  run<T>(work: (prisma: PrismaClient) => Promise<T>): Promise<T>;
}

/** What else a session needs is its login's (session-settings.ts). */
export function connectRegistry(
  connectionString: string,
  { queryTimeoutMs = STATEMENT_TIMEOUT_MS } = {},
): Registry {
  const prisma = new PrismaClient({
    adapter: new PrismaPg(
      {
        connectionString: connectionUrl(connectionString),
        max: POOL_SIZE,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: queryTimeoutMs,
        idleTimeoutMillis: 0,
        maxLifetimeSeconds: CONNECTION_LIFETIME_S,
      },
      // undefined, as pg has it: no name (the adapter's type asks for one)
      { statementNameGenerator: statementNames(namesStatements()) as (query: { sql: string }) => string },
    ),
  });
  const plans = planAge();
  return {
    prisma,
    async run(work) {
      try {
        if (plans.due()) await prisma.$executeRawUnsafe(DISCARD_PLANS);
        return await work(prisma);
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/** PostgreSQL's codes (appendix A of its manual) by what can be done about them. */
export function translate(error: unknown): Error {
  const { code } = databaseError(error);
  const options = { cause: error, code: reasonOf(error) };
  if (code === undefined) {
    // no code of the database: the connection broke, timed out, or was refused
    return isConnectionError(error)
      ? new UnavailableError('no connection to the registry', options)
      : (error as Error);
  }
  if (code === '55P03') return new LockTimeoutError('another transaction holds a lock for too long', options);
  // unique violation, deadlock, serialisation, a row changed or went meanwhile (22012: see the writing statements)
  if (['23505', '40P01', '40001', '23503', '22012'].includes(code))
    return new ConflictError('overtaken', options);
  // cancelled by statement_timeout, shutting down, no more connections, connection lost, read-only; a login, a database, a
  // table or a right that is missing: whoever set it up mends that, and what was asked for may come again
  if (/^(57|53|08|25006|28|3D|42)/.test(code))
    return new UnavailableError('the registry is unavailable', options);
  // 54: what is too large for an index, among others
  if (/^(2[23]|54)/.test(code)) return new DataError('the registry refuses a value', options);
  return error as Error;
}

/** Why, in a word for the log: an SQLSTATE, an errno, or the driver's own kind of error. */
function reasonOf(error: unknown): string | undefined {
  const { code, tls, kind } = databaseError(error);
  return code ?? tls ?? kind ?? (error as PrismaError).code;
}

interface DriverCause {
  originalCode?: string;
  originalMessage?: string;
  kind?: string;
  /** of a TlsConnectionError: OpenSSL's words or node-postgres' */
  reason?: string;
  host?: string;
  port?: number;
}

interface PrismaError {
  code?: string;
  message?: string;
  cause?: DriverCause;
  meta?: { driverAdapterError?: { cause?: DriverCause } };
}

/** Prisma's adapter keeps of a TLS error its words alone: OpenSSL's (x509_txt.c) and Node's own. */
const TLS_CODES: [words: RegExp, code: string][] = [
  [/altnames/i, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/self-signed certificate in/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self-signed/i, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/first certificate/i, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/local issuer/i, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [/signature failure/i, 'CERT_SIGNATURE_FAILURE'],
  [/expired/i, 'CERT_HAS_EXPIRED'],
  // whatever else it is
  [/certificate/i, 'CERT_REJECTED'],
];

/**
 * What PostgreSQL or its driver said behind an error of Prisma: `code` is the SQLSTATE, `place` the `host:port` that could
 * not be reached, `tls` Node's code of a certificate that was refused. None holds the URL, which has a password in it.
 */
export function databaseError(error: unknown): {
  code?: string;
  message?: string;
  kind?: string;
  place?: string;
  tls?: string;
} {
  const { code, message, cause, meta } = error as PrismaError;
  const driver = meta?.driverAdapterError?.cause ?? cause;
  // the driver's own errors carry the SQLSTATE as their code; P1… and P2… are Prisma's
  const own = code && /^[0-9A-Z]{5}$/.test(code) && !/^P[12]/.test(code) ? code : undefined;
  return {
    code: driver?.originalCode ?? own,
    message: driver?.originalMessage ?? driver?.reason ?? message,
    tls: driver?.reason && TLS_CODES.find(([words]) => words.test(driver.reason ?? ''))?.[1],
    kind: driver?.kind,
    place: driver?.host && [driver.host, driver.port].filter(Boolean).join(':'),
  };
}

function isConnectionError(error: unknown): boolean {
  const { code, message = '' } = error as PrismaError;
  if (code && ['P1001', 'P1002', 'P1008', 'P1017', 'P2024'].includes(code)) return true;
  const { kind = '' } = databaseError(error);
  if (
    /DatabaseNotReachable|ConnectionClosed|SocketTimeout|TlsConnectionError|AuthenticationFailed|DatabaseDoesNotExist/.test(
      kind,
    )
  )
    return true;
  return /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|UNREACH|CERT|SSL|TLS|timeout|terminated|Connection ended/i.test(
    `${code} ${message}`,
  );
}
