import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { setUpGeneratedCode } from './setup.ts';
import { reportError } from './stop-error.ts';

/** `npm run typecheck`: tsc over the whole project, on a fresh clone, too. */
try {
  await setUpGeneratedCode((line) => process.stderr.write(`pistats: ${line}\n`));
  const { status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
