import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import { ROOT } from '../../infra/local/paths.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `npm run <command>` without npm, until it ends. */
export function runCommand(
  t: Test,
  args: string[],
  env: Record<string, string | undefined> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'infra/local/bootstrap.mjs'), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill());
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

/** The command ended with that code and one sentence: no stack trace, and nothing was started before. */
export async function refusesWith(
  t: Test,
  args: string[],
  {
    code,
    sentence,
    env,
  }: { code: number; sentence: string | RegExp; env?: Record<string, string | undefined> },
): Promise<void> {
  const ended = await runCommand(t, args, env);
  if (typeof sentence === 'string') t.equal(ended.stderr, `pistats: ${sentence}\n`);
  else {
    t.match(ended.stderr, sentence);
    t.match(ended.stderr, /^pistats: [^\n]+\n$/, 'one line');
  }
  t.equal(ended.code, code);
  t.equal(ended.stdout, '');
}
