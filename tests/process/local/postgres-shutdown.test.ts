import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { connectRegistry } from '../../../lambdas/adapters/prisma.ts';
import { analyticsPool } from '../../../storm/database.ts';
import { tempDir } from '../../support/temp-dir.ts';

t.test(
  'a "smart" shutdown of PostgreSQL waits for everybody to leave: they do, and it comes back',
  async (t) => {
    const dataDir = tempDir(t);
    chmodSync(dataDir, 0o711); // its own user walks through it
    const { service, url } = await startPostgres({
      dataDir,
      port: await freePort(),
      logFile: join(dataDir, 'postgresql.log'),
      durable: false,
    });
    t.teardown(() => service.stop());
    process.env.ANALYTICS_URL = url('postgres');
    const topology = analyticsPool(2, () => {});
    t.teardown(() => topology.end());
    const functions = connectRegistry(url('postgres'));
    t.teardown(() => functions.prisma.$disconnect());
    const ask = () =>
      Promise.all([topology.query('select 1'), functions.run((prisma) => prisma.$queryRaw`select 1`)]);
    await ask();
    const first = service.pid;
    process.kill(first, 'SIGTERM');
    await waitUntil('another postmaster', () => service.pid !== first, { timeoutMs: 60_000, everyMs: 250 });
    await waitUntil('both are served again', () => ask(), { timeoutMs: 30_000 });
    t.equal(service.restarts, 1);
  },
);
