import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGateway } from './gateway-option.ts';
import { ROOT, STATE_DIR } from './paths.ts';
import { holdLock } from './run-lock.ts';
import { setUp } from './setup.ts';
import { type Stack, startStack } from './stack.ts';
import { reportError } from './stop-error.ts';
import { prepareTestClients } from './test-clients.ts';

/**
 * `npm test [-- unit|e2e] [-- FILE…] [-- --gateway embedded|kong]`: sets up, starts the real parts once for all e2e tests, runs tap and closes
 * with the line `N passed, N failed`.
 */
async function main(args: string[]): Promise<number> {
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  const files = args.filter((arg) => arg.endsWith('.ts'));
  const only = args.find((arg) => arg === 'unit' || arg === 'e2e');
  const at = args.indexOf('--gateway');
  const gateway = readGateway(at < 0 ? 'embedded' : args[at + 1]);
  const tools = await setUp(say);
  const needsStack = only !== 'unit' && (files.length === 0 || files.some((file) => file.includes('e2e')));
  const dataDir = mkdtempSync(join(tmpdir(), 'pistats-test-'));
  // PostgreSQL's own user walks through it: else its data would be elsewhere and stay
  chmodSync(dataDir, 0o711);
  let stack: Stack | undefined;
  let unlock = () => {};
  const end = async () => {
    unlock();
    await stack?.stop();
    stack = undefined;
    rmSync(dataDir, { recursive: true, force: true });
  };
  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!ending) void end().finally(() => process.exit(130));
      ending = true;
    });
  // tap keeps its results and the tests' folders in .tap, one for all runs of a checkout
  unlock = await holdLock(join(STATE_DIR, 'test.lock'), (holder) =>
    say(`waiting for the tests that process ${holder} runs in this checkout`),
  );
  try {
    if (needsStack) {
      const clients = prepareTestClients(dataDir);
      stack = await startStack({
        tools,
        dataDir,
        proxyPort: 0,
        durable: false,
        shards: 2,
        gateway,
        say,
        ...clients,
      });
    }
    const globs = only ? [only === 'e2e' ? 'tests/e2e/*.test.ts' : 'tests/!(e2e|bench)/**/*.test.ts'] : [];
    const env: Record<string, string> = stack ? { PISTATS_RUN: join(dataDir, 'run.json') } : {};
    return await runTap(files.length > 0 ? files : globs, env);
  } finally {
    await end();
  }
}

function runTap(files: string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    // tap's reporter redraws its screen unless it takes the place for a CI's: only a terminal can show that
    const plain = process.stdout.isTTY ? {} : { CI: 'true' };
    const child = spawn(join(ROOT, 'node_modules/.bin/tap'), ['run', '--reporter=base', ...files], {
      cwd: ROOT,
      env: { ...process.env, ...plain, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const counter = new TapCounter();
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      counter.add(chunk.toString());
    });
    child.on('error', reject);
    child.on('exit', (code) => {
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
