import { execFile, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { socketDir } from '../../support/server-fixture.ts';

const DIST = join(import.meta.dirname, '../../../dist');

t.test('the bundle of a sidecar serves from a folder with nothing beside it', async (t) => {
  const dir = socketDir(t);
  for (const name of ['main.mjs', 'health.mjs'])
    copyFileSync(join(DIST, 'plugin-server', name), join(dir, name));
  const env = {
    PATH: process.env.PATH,
    PISTATS_SOCKET: join(dir, 's'),
    PISTATS_PLUGINS_DIR: join(DIST, 'plugins'),
    AWS_REGION: 'eu-central-1',
  };
  const server = spawn(process.execPath, ['main.mjs'], { cwd: dir, env, stdio: 'ignore' });
  t.teardown(() => server.kill('SIGKILL'));
  const health = () => promisify(execFile)(process.execPath, ['health.mjs'], { cwd: dir, env });
  const refusal = () =>
    health().then(
      () => 'healthy',
      ({ stderr }: { stderr: string }) => stderr,
    );
  await waitUntil('it is healthy', async () => {
    await health();
    return true;
  });
  server.kill('SIGSTOP');
  t.match(await refusal(), /no answer within/);
  server.kill('SIGCONT');
  server.kill('SIGTERM');
  await waitUntil('it ended', () => server.exitCode !== null);
  t.equal(server.exitCode, 0);
  t.match(await refusal(), /ENOENT|ECONNREFUSED/);
});
