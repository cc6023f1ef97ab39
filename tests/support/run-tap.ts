import { join } from 'node:path';
import { ROOT } from '../../infra/local/paths.ts';
import { signalGroup } from '../../infra/local/service.ts';
import { spawnGuarded } from '../../infra/local/spawn-guarded.ts';

export interface TapOptions {
  /** for tap's command line */
  args?: string[];
  /** aborted: tap is ended with all that the tests have started, and the exit code is 1 */
  signal: AbortSignal;
}

/** Runs tap over the files and closes with the line `N passed, N failed`. Gives the exit code; 1, too, when nothing passed. */
export function runTap(
  files: string[],
  env: Record<string, string>,
  { args = [], signal }: TapOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    // tap's reporter redraws its screen unless it takes the place for a CI's: only a terminal can show that
    const plain = process.stdout.isTTY ? {} : { CI: 'true' };
    const tap = join(ROOT, 'node_modules/.bin/tap');
    const child = spawnGuarded('tap', tap, ['run', '--reporter=base', ...args, ...files], {
      cwd: ROOT,
      env: { ...process.env, ...plain, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const end = () => signalGroup(child, 'SIGKILL');
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    const counter = new TapCounter();
    child.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      counter.add(chunk.toString());
    });
    child.on('error', reject);
    // not its exit: what it said last may still be under way
    child.on('close', (code) => {
      const { passed, failed } = counter.counts();
      // a runner that failed without a failed assertion (a file that did not load) must not read as green
      const failures = code === 0 ? failed : Math.max(failed, 1);
      process.stdout.write(`\n${passed} passed, ${failures} failed\n`);
      resolve(code === 0 && passed > 0 ? 0 : 1);
    });
  });
}

/** Reads tap's closing line, `# { total: 21, pass: 20, fail: 1 }`. */
class TapCounter {
  #tail = '';
  add(output: string): void {
    this.#tail = (this.#tail + output).slice(-4_096);
  }
  counts(): { passed: number; failed: number } {
    const line = [...this.#tail.matchAll(/#? ?\{ total: (\d+)[^}]*\}/g)].at(-1)?.[0] ?? '';
    const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(line)?.[1] ?? 0);
    return { passed: number('pass'), failed: number('fail') };
  }
}
