import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { checkHealth } from '../../../kong/plugin-server/health.ts';
import { serve, socketDir } from '../../support/server-fixture.ts';

t.test('a server that answers is healthy, also while an event hangs in a plugin', async (t) => {
  const { socketPath } = await serve(t, { idle: () => undefined });
  await checkHealth(socketPath, 2_000);
  await checkHealth(socketPath, 2_000);
});

t.test('one that is gone, only takes connections, hangs up or talks nonsense is not', async (t) => {
  const dir = socketDir(t);
  await t.rejects(checkHealth(join(dir, 'nobody'), 1_000), /ENOENT/);
  const behaviours: [
    name: string,
    behave: (end: () => void, write: (text: string) => void) => void,
    why: RegExp,
  ][] = [
    ['silent', () => {}, /no answer within 50 ms/],
    ['hangs-up', (end) => end(), /closed|ECONNRESET|EPIPE/],
    ['nonsense', (_end, write) => write('HTTP/1.1 400 Bad Request\r\n\r\n'), /./],
  ];
  for (const [name, behave, why] of behaviours) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      behave(
        () => socket.end(),
        (text) => socket.write(text),
      );
    });
    const path = join(dir, name);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await t.rejects(checkHealth(path, 50), why, name);
    server.close();
  }
});

/** The plugin server under a systemd that is a script on PATH: it writes down what it is told. */
function underSystemd(t: { teardown(run: () => unknown): void }, watchdogUsec: string) {
  const dir = socketDir(t);
  const told = join(dir, 'told');
  writeFileSync(join(dir, 'systemd-notify'), `#!/bin/sh\necho "$1" >> ${told}\n`, { mode: 0o755 });
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../kong/plugin-server/main.ts')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      PATH: `${dir}:${process.env.PATH}`,
      PISTATS_SOCKET: join(dir, 's'),
      NOTIFY_SOCKET: join(dir, 'notify'),
      WATCHDOG_USEC: watchdogUsec,
      AWS_REGION: 'eu-central-1',
    },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []);
  return { child, lines };
}

t.test('systemd hears that it is ready and lives, and nothing more once it hangs', async (t) => {
  const { child, lines } = underSystemd(t, '300000');
  const alive = () => lines().filter((line) => line === 'WATCHDOG=1').length;
  await waitUntil('two signs of life', () => alive() >= 2, { timeoutMs: 20_000 });
  t.equal(lines()[0], 'READY=1');
  child.kill('SIGSTOP');
  const before = alive();
  // what it had begun to say may still come; then silence
  await waitUntil('silence', () => alive() <= before + 1);
  child.kill('SIGCONT');
  await waitUntil('it lives on', () => alive() > before + 1, { timeoutMs: 20_000 });
});
