import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { connectRegistry, translate } from '../../../lambdas/adapters/prisma.ts';

/** As Prisma throws PostgreSQL's errors of a raw statement through its driver adapter. */
const raw = (originalCode: string) =>
  Object.assign(new Error('Raw query failed'), {
    code: 'P2010',
    meta: { driverAdapterError: { cause: { originalCode, kind: 'postgres' } } },
  });

t.test('PostgreSQL’s codes by what can be done about them', async (t) => {
  const kinds: Record<string, string[]> = {
    // unique and foreign keys, dead-lock, serialisation, the division that says "changed meanwhile"
    ConflictError: ['23505', '23503', '40P01', '40001', '22012'],
    LockTimeoutError: ['55P03'],
    DataError: ['54000', '22001', '22P02', '22P05', '22021', '22007', '23502', '23514'],
    UnavailableError: [
      '57014',
      '57P01',
      '57P03',
      '53300',
      '53100',
      '08006',
      '08001',
      '25006',
      '28P01',
      '3D000',
      '42P01',
      '42501',
      '42703',
    ],
  };
  for (const [name, codes] of Object.entries(kinds))
    for (const code of codes) {
      t.equal(translate(raw(code)).name, name, code);
      t.equal(translate(Object.assign(new Error('from pg'), { code })).name, name, `${code} from the driver`);
    }
});

t.test('a connection that breaks, without a code of the database', async (t) => {
  const errors = [
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    Object.assign(new Error("Can't reach database server"), { code: 'P1001' }),
    Object.assign(new Error('no connection within the pool time-out'), { code: 'P2024' }),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('Query read timeout'),
    Object.assign(new Error('x'), { meta: { driverAdapterError: { cause: { kind: 'ConnectionClosed' } } } }),
  ];
  for (const error of errors) {
    const translated = translate(error);
    t.equal(translated.name, 'UnavailableError', error.message);
    t.equal(translated.cause, error);
    t.notMatch(translated.message, /ECONN|server/, 'the reason is for the log');
  }
});

t.test('what no rule knows stays what it is', async (t) => {
  for (const error of [new TypeError('a fault of ours'), raw('XX000')]) t.equal(translate(error), error);
});

t.test('a registry that nobody listens for is unavailable, at once', async (t) => {
  const registry = connectRegistry(`postgres://nobody:nothing@127.0.0.1:${await freePort()}/registry`);
  t.teardown(() => registry.prisma.$disconnect());
  await t.rejects(
    registry.run((prisma) => prisma.$queryRaw`select 1`),
    { name: 'UnavailableError' },
  );
});

t.test('why the registry is unavailable, in a word', async (t) => {
  const codeOf = (error: unknown) => (translate(error) as { code?: string }).code;
  t.equal(codeOf(raw('3D000')), '3D000');
  t.equal(codeOf(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED');
  const kind = { code: 'P1001', meta: { driverAdapterError: { cause: { kind: 'DatabaseNotReachable' } } } };
  t.equal(codeOf(Object.assign(new Error('x'), kind)), 'DatabaseNotReachable');
});
