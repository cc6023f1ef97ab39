import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Service, type ServiceSpec, startService } from '../../../infra/local/service.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A service that is a script of JavaScript; `dir` is there for its files. */
async function start(t: Test, script: string, spec: Partial<ServiceSpec> = {}) {
  const dir = tempDir(t);
  const service = await startService({
    name: 'part',
    command: process.execPath,
    args: ['-e', script],
    cwd: dir,
    logFile: join(dir, 'logs', 'part.log'),
    ...spec,
  });
  t.teardown(() => service.stop());
  return { dir, service, log: () => readFileSync(service.logFile, 'utf8') };
}

const READY = 'console.log(JSON.stringify({ ready: true, port: 4711, pid: process.pid }));';
const STAYS = 'setInterval(() => {}, 60_000);';

const running = (pid: number) => {
  try {
    process.kill(pid, 0);
    // who was ended and not yet waited for is a zombie
    return !existsSync('/proc/self/stat') || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
const ended = (pid: number) => waitUntil(`end of ${pid}`, () => !running(pid));

t.test('a service is ready when it prints its ready line, whatever it prints before', async (t) => {
  const script = `console.log('{"ready":'); console.log('{"ready":false}'); console.error('{"ready":true}');
    console.log('hello'); process.stdout.write('{"ready"');
    setTimeout(() => console.log(':true,"port":4711}'), 50); ${STAYS}`;
  const { service, log } = await start(t, script);
  t.same(service.readyLine, { ready: true, port: 4711 });
  t.ok(running(service.pid));
  t.equal(service.restarts, 0);
  await service.stop();
  t.match(log(), /hello\n/);
  t.match(log(), /part ended: SIGTERM\n$/);
});

t.test('the environment is ours with what the service gets besides', async (t) => {
  const script = 'console.log(JSON.stringify({ ready: true, path: process.env.PATH, own: process.env.OWN }))';
  const { service } = await start(t, `${script}; ${STAYS}`, { env: { OWN: 'x' } });
  t.match(service.readyLine, { path: process.env.PATH, own: 'x' });
});

t.test('a service that is killed comes again, each time after a longer wait', async (t) => {
  const { service, log } = await start(t, `${READY} ${STAYS}`);
  const waits: number[] = [];
  for (let restarts = 1; restarts <= 3; restarts++) {
    const before = service.pid;
    process.kill(before, 'SIGKILL');
    await ended(before);
    const endedAt = Date.now();
    await waitUntil('the next start', () => service.restarts === restarts, { everyMs: 5 });
    waits.push(Date.now() - endedAt);
    t.not(service.pid, before);
    await waitUntil('its ready line', () => service.readyLine?.pid === service.pid, { everyMs: 5 });
  }
  t.ok((waits[1] as number) > 120 && (waits[2] as number) > 300, `waited ${waits.join(', ')} ms`);
  t.equal(log().match(/part ended: SIGKILL/g)?.length, 3);
});

t.test('a service that was stopped while it waits for its next start stays away', async (t) => {
  const { service } = await start(t, `${READY} ${STAYS}`);
  const { pid } = service;
  process.kill(pid, 'SIGKILL');
  await ended(pid);
  await service.stop();
  t.equal(service.restarts, 0);
  t.notOk(running(service.pid));
});

for (const { name, script, spec, message } of [
  {
    name: 'ends at once',
    script: 'console.log("starting"); console.error("no configuration"); process.exit(3)',
    message: /^part did not start \(it ended\): no configuration \(log: \S+part\.log\)$/,
  },
  {
    name: 'ends with much to say',
    script: 'process.stdout.write("x\\n".repeat(200_000) + "the last line\\n", () => process.exit(3))',
    message: /^part did not start \(it ended\): the last line \(log: /,
  },
  {
    name: 'throws',
    script: 'throw Object.assign(new Error("no configuration"), { code: "E_NONE" })',
    message: /^part did not start \(it ended\): Error: no configuration \(log: /,
  },
  {
    name: 'does not exist',
    spec: { command: '/nowhere/part' },
    message: /^part did not start \(it ended\): could not start: spawn \/nowhere\/part ENOENT \(log: /,
  },
  {
    name: 'does not become ready in time',
    spec: { command: '/bin/sh', args: ['-c', 'echo still warming up; exec sleep 60'], readyTimeoutMs: 1_500 },
    message: /^part did not start \(part ready: not within 1\.5 s\): still warming up \(log: /,
  },
  {
    name: 'is not ready by its own measure',
    script: `console.log('up'); ${STAYS}`,
    spec: {
      ready: async (service: Service) => {
        await waitUntil('its first line', () => readFileSync(service.logFile, 'utf8') !== '');
        throw new Error('it answers nothing');
      },
    },
    message: /^part did not start \(it answers nothing\): up \(log: /,
  },
]) {
  t.test(`a service that ${name} is told in one sentence with the end of its log`, async (t) => {
    await t.rejects(start(t, script ?? '', spec), { name: 'StopError', exitCode: 1, message });
  });
}

t.test('stop ends the whole group, also what the service left running', async (t) => {
  const child = `require('node:child_process').spawn(process.execPath, ['-e', '${STAYS}'], { stdio: 'inherit' }).pid`;
  const { service } = await start(
    t,
    `const child = ${child}; console.log(JSON.stringify({ ready: true, child })); ${STAYS}`,
  );
  const { child: grandchild } = service.readyLine as { child: number };
  t.ok(running(grandchild));
  const { pid } = service;
  await service.stop();
  t.notOk(running(pid));
  await ended(grandchild);
  await t.resolves(service.stop(), 'a second stop finds nothing to do');
});

t.test('a service has time to end in order, and its last words are in the log', async (t) => {
  const script = `process.on('SIGINT', () => process.stdout.write('y\\n'.repeat(200_000) + 'bye\\n', () => process.exit(0)));`;
  const { service, log } = await start(t, `${script} ${READY} ${STAYS}`, { stopSignal: 'SIGINT' });
  await service.stop();
  t.match(log(), /bye\n/);
  t.match(log(), /part ended: 0\n/);
});

t.test('a service that will not end is killed', async (t) => {
  const script = `process.on('SIGTERM', () => console.log('never'));`;
  const { service, log } = await start(t, `${script} ${READY} ${STAYS}`, { stopTimeoutMs: 200 });
  const { pid } = service;
  await service.stop();
  t.notOk(running(pid));
  t.match(log(), /never\n/);
  t.match(log(), /part ended: SIGKILL\n/);
});
