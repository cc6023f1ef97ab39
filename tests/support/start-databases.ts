import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../infra/local/free-port.ts';
import { startPostgres } from '../../infra/local/postgres.ts';
import { startRedis } from '../../infra/local/redis.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';

/** PostgreSQL and Redis alone, with the two lines of run.json that the tests of one part read: each makes a database of its own. */
export async function startDatabases(dataDir: string, redisServer: string, signal: AbortSignal) {
  const [postgresPort, redisPort] = await Promise.all([freePort(), freePort()]);
  const log = (name: string) => join(dataDir, `${name}.log`);
  const postgres = await startPostgres({
    dataDir,
    port: postgresPort,
    logFile: log('postgresql'),
    durable: false,
    signal,
  });
  const stopPostgres = () => postgres.service.stop();
  try {
    const redis = await startRedis({ binary: redisServer, port: redisPort, logFile: log('redis'), signal });
    const info: Pick<RunInfo, 'adminUrl' | 'redisUrl'> = {
      adminUrl: postgres.url('postgres'),
      redisUrl: redis.url,
    };
    writeFileSync(join(dataDir, 'run.json'), JSON.stringify(info), { mode: 0o600 });
    return { stop: async () => void (await Promise.all([stopPostgres(), redis.service.stop()])) };
  } catch (error) {
    await stopPostgres();
    throw error;
  }
}
