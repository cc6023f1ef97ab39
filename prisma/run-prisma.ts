import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Runs the Prisma CLI; throws an Error that holds its last words. The native schema engine is used where it is named. */
export function runPrisma(args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/prisma/build/index.js'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PRISMA_SCHEMA_ENGINE_BINARY: join(ROOT, 'prisma/schema-engine.mjs'),
        ...process.env,
        ...env,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
        CHECKPOINT_DISABLE: '1',
        NO_COLOR: '1',
      },
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk).slice(-16_384);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`prisma ${args[0]} failed: ${output.trim().split('\n').slice(-12).join('\n')}`));
    });
  });
}
