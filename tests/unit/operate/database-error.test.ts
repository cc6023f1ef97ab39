import t from 'tap';
import { explainDatabaseError } from '../../../infra/operate/database-error.ts';

const explained = (error: object) => {
  const { code, exitCode, message } = explainDatabaseError('registry', error) ?? {};
  return { code, exitCode, message };
};

t.test('each kind of failure has its code, its exit code and what to do', async (t) => {
  for (const [error, code, exitCode, message] of [
    [
      { code: '28P01', message: 'password authentication failed for user "x"' },
      'database_login',
      2,
      /password is wrong/,
    ],
    [{ code: '28000', message: 'role "x" does not exist' }, 'database_login', 2, /refuses this user/],
    [
      { code: '28000', message: 'no pg_hba.conf entry for host "10.0.0.1", user "x", no encryption' },
      'database_tls',
      2,
      /sslmode=verify-full/,
    ],
    [{ message: 'The server does not support SSL connections' }, 'database_tls', 2, /the server has none/],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'x' }, 'database_tls', 2, /not trusted \(SELF_SIGNED/],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: 'x' }, 'database_tls', 2, /not for the host/],
    [{ code: '3D000', message: 'x' }, 'database_missing', 2, /no database of that name/],
    [{ code: '42P01', message: 'x' }, 'database_schema', 2, /run its migrations/],
    [{ code: '42501', message: 'x' }, 'database_permission', 2, /use the owner/],
    [
      { code: 'ECONNREFUSED', message: 'x' },
      'database_unreachable',
      3,
      /nothing answers there \(ECONNREFUSED\)/,
    ],
    [{ code: 'ENOTFOUND', message: 'x' }, 'database_unreachable', 3, /has no address/],
    [{ message: 'timeout expired' }, 'database_unreachable', 3, /\(timeout\)/],
    [{ code: '57P01', message: 'x' }, 'database_unreachable', 3, /nothing answers/],
    [{ code: '57P03', message: 'x' }, 'database_unreachable', 3, /starting up/],
    [{ code: '22012', message: 'division by zero' }, 'database_failed', 1, /division by zero \(22012\)/],
  ] as [object, string, number, RegExp][]) {
    const found = explained(error);
    t.match(found, { code, exitCode, message }, JSON.stringify(error));
    t.match(found.message, /^the registry: /);
  }
});

t.test('what is none of a database is not explained', async (t) => {
  t.equal(explainDatabaseError('registry', new TypeError('x is not a function')), undefined);
});
