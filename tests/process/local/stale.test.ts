import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { endStaleProcesses, isStack, STACK_VARIABLE } from '../../../infra/local/stale.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { tempDir } from '../../support/temp-dir.ts';

const proc = existsSync('/proc/self/environ') ? {} : { skip: 'reads /proc' };

/** A process that stays until it is ended; up once it has said so. */
async function startProcess(t: Test, dataDir: string, args: string[] = []): Promise<ChildProcess> {
  const script = 'console.log("up"); setInterval(() => {}, 60_000)';
  const child = spawn(process.execPath, ['-e', script, '--', ...args], {
    env: { ...process.env, [STACK_VARIABLE]: dataDir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

t.test(
  'what an earlier stack over the same folder left behind is ended, and nothing else',
  proc,
  async (t) => {
    const dir = tempDir(t);
    const left = [await startProcess(t, dir), await startProcess(t, dir)];
    const other = await startProcess(t, `${dir}-other`);
    const inner = await startProcess(t, `${dir}/inner`);
    t.equal(endStaleProcesses(dir), 2);
    for (const child of left)
      await waitUntil(`end of ${child.pid}`, () => child.exitCode !== null || child.signalCode === 'SIGKILL');
    t.equal(endStaleProcesses(dir), 0);
    for (const child of [other, inner]) t.same([child.exitCode, child.signalCode], [null, null]);
  },
);

t.test('a stack does not end itself', proc, async (t) => {
  const dir = tempDir(t);
  const script = `import { endStaleProcesses } from '${import.meta.resolve('../../../infra/local/stale.ts')}';
    console.log(endStaleProcesses(${JSON.stringify(dir)}));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, [STACK_VARIABLE]: dir },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  t.same([code, output.trim()], [0, '0']);
});

t.test('a number is a stack only while it is the process of one', proc, async (t) => {
  const stack = await startProcess(t, tempDir(t), ['infra/local/start.ts']);
  const another = await startProcess(t, tempDir(t));
  t.equal(isStack(stack.pid as number), true);
  t.equal(isStack(another.pid as number), false, 'another program has the number now');
  stack.kill('SIGKILL');
  await waitUntil('its end', () => stack.signalCode !== null);
  t.equal(isStack(stack.pid as number), false);
});
