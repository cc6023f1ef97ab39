import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';
import type { Process } from '../../../infra/local/processes.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { allEnded, familyOf } from '../../support/family.ts';
import { tempDir } from '../../support/temp-dir.ts';

const GATEWAY = [
  join(ROOT, 'infra/local/bootstrap.mjs'),
  ...['gateway', '--proxy-port', '0', '--declarative', join(ROOT, 'deck.yaml')],
  ...['--redis', '127.0.0.1:6379'],
];

interface Running {
  command: ChildProcess;
  /** bootstrap.mjs, the supervisor, its guardian and the parts */
  family: Process[];
  supervisor: number;
  exited: Promise<number | NodeJS.Signals | null>;
}

/** `npm run gateway` without npm, in a process group of its own as a terminal would have it; serving. */
async function startGateway(t: Test): Promise<Running> {
  const command = spawn(process.execPath, GATEWAY, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = command.pid as number;
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    command.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  let output = '';
  for (const stream of [command.stdout, command.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitUntil('the gateway', () => output.includes('until Ctrl-C'), { timeoutMs: 90_000 });
  const family = familyOf(pid);
  t.teardown(() => {
    for (const member of family)
      try {
        process.kill(member.pid, 'SIGKILL');
      } catch {
        // ended, as it should
      }
  });
  t.ok(family.length >= 5, `${family.length} processes`);
  const supervisor = family.find(({ parent }) => parent === pid)?.pid as number;
  return { command, family, supervisor, exited };
}

t.test('output that nobody reads any more, and Ctrl-C', async (t) => {
  const { command, family, exited } = await startGateway(t);
  command.stdout?.destroy();
  command.stderr?.destroy();
  process.kill(-(command.pid as number), 'SIGINT');
  t.equal(await exited, 0);
  await allEnded(family);
});

t.test('a closed terminal', async (t) => {
  const { command, family, exited } = await startGateway(t);
  process.kill(-(command.pid as number), 'SIGHUP');
  t.equal(await exited, 0);
  await allEnded(family);
});

t.test('kill -9 of the supervisor', async (t) => {
  const { family, supervisor, exited } = await startGateway(t);
  process.kill(supervisor, 'SIGKILL');
  t.equal(await exited, 1);
  await allEnded(family);
});

t.test('kill -9 of what started the supervisor', async (t) => {
  const { command, family } = await startGateway(t);
  command.kill('SIGKILL');
  await allEnded(family);
});

t.test('kill -9 of npm, or what else stands between a terminal and the command', async (t) => {
  const dir = tempDir(t);
  const file = join(dir, 'npm.mjs');
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process';
    spawn(process.execPath, ${JSON.stringify(GATEWAY)}, { stdio: 'inherit' });`,
  );
  const npm = spawn(process.execPath, [file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, npm_lifecycle_event: 'gateway' },
  });
  let output = '';
  npm.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitUntil('the gateway', () => output.includes('until Ctrl-C'), { timeoutMs: 90_000 });
  const family = familyOf(npm.pid as number);
  t.ok(family.length >= 6, `${family.length} processes`);
  npm.kill('SIGKILL');
  await allEnded(family);
});

t.test('| head: the command ends when its reader has', async (t) => {
  const line = [process.execPath, ...GATEWAY].map((word) => `'${word}'`).join(' ');
  const shell = spawn('sh', ['-c', `${line} 2>&1 | head -1`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => shell.once('exit', resolve));
  const seen = new Map<number, Process>();
  const look = () => {
    for (const member of familyOf(shell.pid as number)) seen.set(member.pid, member);
  };
  const timer = setInterval(look, 20);
  t.teardown(() => clearInterval(timer));
  await exited;
  clearInterval(timer);
  t.ok(seen.size >= 6, `${seen.size} processes were seen`);
  await allEnded([...seen.values()]);
});
