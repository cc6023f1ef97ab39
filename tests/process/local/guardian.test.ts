import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { commandOf, startOf } from '../../../infra/local/processes.ts';
import { endStaleProcesses, STACK_VARIABLE } from '../../../infra/local/stale.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { allEnded, familyOf, isRunning } from '../../support/family.ts';
import { tempDir } from '../../support/temp-dir.ts';

const module = (name: string) => JSON.stringify(import.meta.resolve(`../../../infra/local/${name}`));
/** A part with a child that has left its group. */
const PART = `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'],
  { detached: true, stdio: 'ignore' }); console.log(JSON.stringify({ ready: true, child: child.pid })); setInterval(() => {}, 60000)`;

/** A process that supervises one part, guards a folder and then says so; `end` is run behind it. */
async function startSupervisor(t: Test, end = '') {
  const dir = tempDir(t);
  const folder = join(dir, 'sockets');
  mkdirSync(folder);
  const script = join(dir, 'supervisor.ts');
  writeFileSync(
    script,
    `import { startService } from ${module('service.ts')};
    import { guardFolder } from ${module('spawn-guarded.ts')};
    guardFolder(${JSON.stringify(folder)});
    const service = await startService({ name: 'part', command: process.execPath, args: ['-e', ${JSON.stringify(PART)}],
      logFile: ${JSON.stringify(join(dir, 'part.log'))} });
    console.log('up');
    ${end}`,
  );
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [STACK_VARIABLE]: dir },
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const family = familyOf(child.pid as number);
  const guardian = family.find(({ pid }) => commandOf(pid).includes('guardian.ts'))?.pid as number;
  t.teardown(() => endStaleProcesses(dir));
  return { dir, folder, pid: child.pid as number, family, guardian, exited };
}

t.test('kill -9 of a supervisor: its parts, what left their group, and its folders go', async (t) => {
  const { folder, pid, family } = await startSupervisor(t);
  t.equal(family.length, 4, 'supervisor, guardian, part and its child');
  process.kill(pid, 'SIGKILL');
  await allEnded(family);
  t.notOk(existsSync(folder));
});

t.test('a supervisor that ends without a word to its parts leaves none either', async (t) => {
  const { family, exited } = await startSupervisor(t, 'setTimeout(() => process.exit(3), 500);');
  t.equal(await exited, 3);
  await allEnded(family);
});

t.test('a supervisor that has stopped its parts ends by itself: its guardian does not hold it', async (t) => {
  const { family, exited } = await startSupervisor(t, 'await service.stop();');
  t.equal(await exited, 0);
  await allEnded(family);
});

t.test('guardian and supervisor killed: the next start finds all by the process list', async (t) => {
  const { dir, folder, pid, family, guardian, exited } = await startSupervisor(t);
  process.kill(guardian, 'SIGKILL');
  await waitUntil('its end', () => !isRunning(guardian));
  process.kill(pid, 'SIGKILL');
  await exited;
  const left = family.filter((member) => startOf(member.pid) === member.start);
  t.equal(left.length, 2, 'the part and its child');
  t.equal(await endStaleProcesses(dir), 2);
  t.same(
    left.filter((member) => isRunning(member.pid)),
    [],
  );
  t.notOk(existsSync(folder));
});
