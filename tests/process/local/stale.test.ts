import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { addToProcessList, openProcessList, readProcessList } from '../../../infra/local/process-list.ts';
import { listProcesses, listWithPs, startOf } from '../../../infra/local/processes.ts';
import { endStaleProcesses, runningStack, STACK_VARIABLE } from '../../../infra/local/stale.ts';
import { isRunning } from '../../support/family.ts';
import { tempDir } from '../../support/temp-dir.ts';

const proc = existsSync('/proc/self/environ') ? {} : { skip: 'reads /proc' };
const STAYS = 'setInterval(() => {}, 60_000);';

/** A process in a group of its own that stays until it is ended; up once it has said so. */
async function startProcess(
  t: Test,
  { env = {}, script = `console.log('up'); ${STAYS}` }: { env?: Record<string, string>; script?: string },
): Promise<{ child: ChildProcess; pid: number; said: string }> {
  const child = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const pid = child.pid as number;
  t.teardown(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // ended already
    }
  });
  const said = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk) => resolve(String(chunk).trim())),
  );
  return { child, pid, said };
}

const record = (pid: number, start = startOf(pid) as string) => ({ pid, start, name: 'part' });

t.test('what carries the mark of the same folder is ended and gone, and nothing else', proc, async (t) => {
  const dir = tempDir(t);
  const mark = (folder: string) => ({ env: { [STACK_VARIABLE]: folder } });
  const left = [await startProcess(t, mark(dir)), await startProcess(t, mark(dir))];
  const other = await startProcess(t, mark(`${dir}-other`));
  const inner = await startProcess(t, mark(`${dir}/inner`));
  t.equal(await endStaleProcesses(dir), 2);
  t.same(
    left.map(({ pid }) => isRunning(pid)),
    [false, false],
  );
  t.equal(await endStaleProcesses(dir), 0);
  for (const { pid } of [other, inner]) t.ok(isRunning(pid));
});

t.test('what has written over its environment is known by the process list, with its children', async (t) => {
  const dir = tempDir(t);
  // a child in the group, as nginx has; one that left it, as PostgreSQL has
  const spawned = (detached: boolean) =>
    `require('node:child_process').spawn(process.execPath, ['-e', '${STAYS}'], { detached: ${detached} }).pid`;
  const script = `console.log(JSON.stringify([${spawned(false)}, ${spawned(true)}])); ${STAYS}`;
  const { pid, said } = await startProcess(t, { script });
  const children = JSON.parse(said) as number[];
  addToProcessList(dir, record(pid));
  t.equal(await endStaleProcesses(dir), 3);
  t.same([pid, ...children].filter(isRunning), []);
  t.same(readProcessList(dir), [], 'the process list is gone, too');
});

t.test('a group whose leader was killed is ended for its members', async (t) => {
  const dir = tempDir(t);
  const script = `console.log(require('node:child_process').spawn(process.execPath, ['-e', '${STAYS}']).pid); ${STAYS}`;
  const { child, pid, said } = await startProcess(t, { script });
  addToProcessList(dir, record(pid));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  process.kill(pid, 'SIGKILL');
  await exited;
  t.ok(isRunning(Number(said)), 'its worker serves on');
  t.equal(await endStaleProcesses(dir), 1);
  t.notOk(isRunning(Number(said)));
});

t.test('a number that came again for another process is left alone', async (t) => {
  const dir = tempDir(t);
  const { pid } = await startProcess(t, {});
  addToProcessList(dir, record(pid, '7'));
  t.equal(await endStaleProcesses(dir), 0);
  t.ok(isRunning(pid));
});

t.test(
  'the folders of an earlier stack go; a torn line and a missing process list are no matter',
  async (t) => {
    const dir = tempDir(t);
    t.equal(await endStaleProcesses(dir), 0);
    const sockets = join(dir, 'sockets');
    mkdirSync(sockets);
    writeFileSync(join(sockets, 'plugins.sock'), '');
    addToProcessList(dir, { folder: sockets });
    writeFileSync(join(dir, 'processes.ndjson'), '{"pid":1,"start":"7"}\n{"pid":', { flag: 'a' });
    t.same(readProcessList(dir), [{ folder: sockets }], 'never process 1');
    t.equal(await endStaleProcesses(dir), 0);
    t.notOk(existsSync(sockets));
  },
);

t.test('a stack does not end itself', proc, async (t) => {
  const dir = tempDir(t);
  const script = `import { endStaleProcesses } from '${import.meta.resolve('../../../infra/local/stale.ts')}';
    console.log(await endStaleProcesses(${JSON.stringify(dir)}));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, [STACK_VARIABLE]: dir },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  t.same([code, output.trim()], [0, '0']);
});

t.test('one stack a folder: the second learns who runs the first', async (t) => {
  const dir = tempDir(t);
  t.equal(runningStack(dir), undefined);
  t.equal(openProcessList(dir), true);
  t.equal(openProcessList(dir), false);
  t.equal(runningStack(dir), process.pid);
  const file = join(dir, 'processes.ndjson');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"start":"[^"]*"/, '"start":"7"'));
  t.equal(runningStack(dir), undefined, 'another program has the number now');
});

t.test('without /proc, ps tells the same', async (t) => {
  const own = ({ pid }: { pid: number }) => pid === process.pid;
  const [fromPs] = listWithPs(['-p', String(process.pid)]);
  const found = listProcesses().find(own);
  t.match(fromPs, { pid: process.pid, parent: process.ppid, group: found?.group });
  t.ok(listWithPs().some(own));
  t.same(listWithPs(['-p', '4194304']), []);
});
