import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../../infra/local/paths.ts';
import type { System } from './system.ts';

const SCRIPT = join(ROOT, 'infra/operate/audit.ts');

/** `npm run audit` over a fault's window. */
export async function runAudit(
  system: System,
  from: Date,
  to: Date,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [SCRIPT, '--from', from.toISOString(), '--to', to.toISOString()], {
    env: { ...process.env, PISTATS_RUN: system.runFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: out + err };
}
