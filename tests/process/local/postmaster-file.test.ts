import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { forgetEndedPostmaster } from '../../../infra/local/postgres.ts';
import { startOf } from '../../../infra/local/processes.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

const cluster = t.testdir();
const file = join(cluster, 'postmaster.pid');
const leave = (pid: number) => {
  writeFileSync(file, `${pid}\n${cluster}\n`);
  forgetEndedPostmaster(cluster);
  return existsSync(file);
};

t.test('the file of a postmaster that ended and was not waited for yet goes', async (t) => {
  // a shell that becomes `sleep` never waits for its child: that stays a zombie for as long as its parent runs
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => parent.kill('SIGKILL'));
  let output = '';
  parent.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await waitUntil('the child', () => output.endsWith('\n'));
  const pid = Number(output);
  await waitUntil('its end', () => startOf(pid) === undefined);
  t.notOk(leave(pid));
});

t.test('so does that of a number that another process has meanwhile', async (t) => {
  t.notOk(leave(process.pid));
});

t.test('the file of one that runs over this folder stays', async (t) => {
  const postmaster = spawn('sh', ['-c', 'sleep 60; true', 'postgres', '-D', cluster], { detached: true });
  t.teardown(() => process.kill(-(postmaster.pid as number), 'SIGKILL'));
  await new Promise((resolve) => postmaster.once('spawn', resolve));
  t.ok(leave(postmaster.pid as number));
});

t.test('no file is no failure', async (t) => {
  t.doesNotThrow(() => forgetEndedPostmaster(join(cluster, 'none')));
});
