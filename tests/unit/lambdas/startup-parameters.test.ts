import { createServer } from 'node:net';
import t from 'tap';
import { connectRegistry } from '../../../lambdas/adapters/prisma.ts';
import { statementNames } from '../../../lambdas/adapters/statement-plans.ts';
import { namesStatements } from '../../../lambdas/configuration.ts';
import { analyticsPool } from '../../../storm/database.ts';

/** What a startup message (PostgreSQL manual, "Message Formats") brings; the connection is closed then. */
async function startups(test: { teardown(f: () => void): void }) {
  const seen: string[][] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (message) => {
      const words = message.subarray(8).toString().split('\0');
      seen.push(words.filter((word, index) => index % 2 === 0 && word !== ''));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  return { seen, url: `postgres://u:p@127.0.0.1:${port}/d` };
}

t.test('connections bring nothing that a pooler refuses', async (t) => {
  const { seen, url } = await startups(t);
  const registry = connectRegistry(url);
  await t.rejects(registry.run((prisma) => prisma.$queryRaw`select 1`));
  await registry.prisma.$disconnect();
  process.env.ANALYTICS_URL = url;
  const pool = analyticsPool(1, () => {});
  await t.rejects(pool.query('select 1'));
  await pool.end();
  const harmless = ['user', 'database', 'client_encoding', 'application_name'];
  t.ok(seen.length >= 2);
  t.same(
    seen.flat().filter((name) => !harmless.includes(name)),
    [],
  );
});

t.test('names of prepared statements can be turned off', async (t) => {
  t.equal(statementNames(false)({ sql: 'select 1' }), undefined);
  t.match(statementNames(true)({ sql: 'select 1' }), /^s_/);
  t.same([namesStatements({}), namesStatements({ PISTATS_PREPARED_STATEMENTS: 'off' })], [true, false]);
  t.throws(() => namesStatements({ PISTATS_PREPARED_STATEMENTS: 'no' }), /must be on or off/);
});
