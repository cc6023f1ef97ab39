import { randomUUID } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { startService } from '../../../infra/local/service.ts';
import { onPath } from '../../../infra/local/system-package.ts';
import { databaseUser } from '../../../infra/local/unprivileged.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { environment, registryDatabase } from '../../support/registry-database.ts';
import { joinEvent, registerEvent, registration } from '../../support/requests.ts';
import { tempDir } from '../../support/temp-dir.ts';

const binary = onPath('pgbouncer');
const skip = binary ? false : 'there is no pgbouncer (Debian’s package "pgbouncer")';

/** PgBouncer in front of `url`'s database, with few connections of its own; gives the URL through it. */
async function bouncer(test: typeof t, url: string, mode: 'session' | 'transaction'): Promise<string> {
  const dir = tempDir(test);
  const target = new URL(url);
  const port = await freePort();
  const user = databaseUser();
  const files = {
    'users.txt': `"${target.username}" "${target.password}"\n`,
    'pgbouncer.ini': [
      '[databases]',
      `* = host=${target.hostname} port=${target.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${join(dir, 'users.txt')}`,
      `pool_mode = ${mode}`,
      'default_pool_size = 3',
      'max_client_conn = 100',
      'ignore_startup_parameters = ',
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text, { mode: 0o600 });
  for (const path of [dir, ...Object.keys(files).map((name) => join(dir, name))])
    if (user) chownSync(path, user.uid, user.gid);
  const through = Object.assign(new URL(url), { port: String(port) }).href;
  const service = await startService({
    name: 'pgbouncer',
    command: binary as string,
    args: [join(dir, 'pgbouncer.ini')],
    uid: user?.uid,
    gid: user?.gid,
    logFile: join(tempDir(test), 'log'),
    ready: () =>
      waitUntil('pgbouncer', async () => {
        const client = new pg.Client({ connectionString: through });
        await client.connect();
        await client.end();
        return true;
      }),
  });
  test.teardown(() => service.stop());
  return through;
}

for (const mode of ['session', 'transaction'] as const)
  t.test(`the functions through a real PgBouncer, ${mode} mode`, { skip }, async (t) => {
    // 1.21 knows prepared statements in transaction mode, and Debian 12 has 1.18
    process.env.PISTATS_PREPARED_STATEMENTS = mode === 'transaction' ? 'off' : 'on';
    t.teardown(() => delete process.env.PISTATS_PREPARED_STATEMENTS);
    const database = await registryDatabase(t as never, {
      name: 'demo',
      properties: ['www'],
      firebaseProject: 'project-1',
    });
    const url = await bouncer(t as never, database.writerUrl, mode);
    // in transaction mode more environments than connections
    const environments = Array.from({ length: mode === 'session' ? 3 : 8 }, () => environment(t, url));
    const answers = await Promise.all(
      environments.flatMap((one) =>
        Array.from({ length: 10 }, async () => {
          const address = { kind: 'fcm_token', value: `token-${randomUUID()}` };
          const answer = await one.one(
            registerEvent(registration({ installationId: randomUUID(), address })),
          );
          const { registrationId, deviceToken: token } = answer.body;
          const [joined] = await one.subscribe(joinEvent(registrationId, ['news'], { token }));
          return [answer.status, joined?.status];
        }),
      ),
    );
    t.same(answers, Array(environments.length * 10).fill([201, 200]));
    const [{ n }] = await database.rows(`select count(*)::int as n from topic_mirror where topic = 'news'`);
    t.equal(n, answers.length, 'the triggers have done their part');
    const { prisma } = (environments[0] as (typeof environments)[number]).registry;
    const settings = await prisma.$queryRawUnsafe('show lock_timeout');
    t.same(settings, [{ lock_timeout: '200ms' }], 'what belongs to the login holds behind the pooler, too');
  });
