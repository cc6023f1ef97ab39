import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { migrateRegistry } from '../../../prisma/migrate.ts';
import { runPrisma } from '../../../prisma/run-prisma.ts';

t.test('the schema is one that Prisma understands', async (t) => {
  t.match(await runPrisma(['validate']), /is valid/);
});

t.test('a command that fails throws Prisma’s last words', async (t) => {
  const validate = runPrisma(['validate', '--schema', 'prisma/no-such.prisma']);
  await t.rejects(validate, { message: /^prisma validate failed: .*no-such\.prisma/s });
});

t.test('a database that is away fails a migration with the reason', async (t) => {
  const port = await freePort();
  const failure = migrateRegistry(`postgres://nobody:secret-word@127.0.0.1:${port}/registry`);
  const { message } = await failure.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  );
  t.match(message, /^prisma migrate failed: /);
  t.match(message, new RegExp(`P1001|ECONNREFUSED|127\\.0\\.0\\.1:${port}`));
  t.notMatch(message, /secret-word/, 'the password is not said');
});
