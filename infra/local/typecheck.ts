import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { setUpGeneratedCode } from './setup.ts';
import { reportError } from './stop-error.ts';

/** What runs in Node, what runs in a browser, and what drives the one from the other. */
const PROJECTS = ['.', 'sdk/web', 'tests/system/sdk'];

/** `npm run typecheck`: tsc over the whole project, on a fresh clone, too. */
try {
  await setUpGeneratedCode((line) => process.stderr.write(`pistats: ${line}\n`));
  for (const project of PROJECTS) {
    const { status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', project], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = status ?? 1;
  }
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
