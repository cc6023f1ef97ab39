import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGateway } from '../infra/local/gateway-option.ts';
import { printsHelp } from '../infra/local/help.ts';
import { interruption, unlessAborted } from '../infra/local/interruption.ts';
import { STATE_DIR } from '../infra/local/paths.ts';
import { holdLock } from '../infra/local/run-lock.ts';
import { setUp } from '../infra/local/setup.ts';
import { guardFolder } from '../infra/local/spawn-guarded.ts';
import { type Stack, startStack } from '../infra/local/stack.ts';
import { Interrupted, reportError } from '../infra/local/stop-error.ts';
import { ensureChromium } from './support/chromium.ts';
import { runTap } from './support/run-tap.ts';
import { startDatabases } from './support/start-databases.ts';
import { prepareTestClients } from './support/test-clients.ts';

/** What a test starts: nothing, real processes of one part, or the whole stack. */
const KINDS = ['unit', 'process', 'system'] as const;

const HELP = `Usage: npm test -- [kind] [FILE…] [options]

Sets up, starts what the tests share, and closes with the line "N passed, N failed".

  kind              unit, process or system; default: all
  FILE…             test files instead of a kind
  --gateway KIND    embedded (default) or kong: a Kong 3.9 on this machine
  --help            this text
`;

/**
 * `npm test [-- unit|process|system] [-- FILE…] [-- --gateway embedded|kong]`: sets up, starts once what the tests of that
 * kind share (the stack, or the databases alone), runs tap and closes with the line `N passed, N failed`.
 */
async function main(args: string[]): Promise<number> {
  if (printsHelp(args, HELP)) return 0;
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  const files = args.filter((arg) => arg.endsWith('.ts'));
  const only = KINDS.find((kind) => args.includes(kind));
  const at = args.indexOf('--gateway');
  const gateway = readGateway(at < 0 ? 'embedded' : args[at + 1]);
  const signal = interruption();
  const tools = await unlessAborted(signal, setUp(say));
  const needs = (kind: (typeof KINDS)[number]) =>
    only === kind || (!only && (files.length === 0 || files.some((file) => file.includes(`tests/${kind}/`))));
  // tap keeps its results and the tests' folders in .tap, one for all runs of a checkout
  const unlock = await holdLock(
    join(STATE_DIR, 'test.lock'),
    (holder) => say(`waiting for the tests that process ${holder} runs in this checkout`),
    signal,
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'pistats-test-'));
  guardFolder(dataDir);
  // PostgreSQL's own user walks through it: else its data would be elsewhere and stay
  chmodSync(dataDir, 0o711);
  let started: Pick<Stack, 'stop'> | undefined;
  try {
    if (needs('system')) {
      ensureChromium(say);
      const clients = prepareTestClients(dataDir);
      started = await startStack({
        tools,
        dataDir,
        proxyPort: 0,
        durable: false,
        shards: 2,
        gateway,
        signal,
        say,
        ...clients,
      });
    } else if (needs('process')) started = await startDatabases(dataDir, tools.redisServer, signal);
    const globs = only ? [`tests/${only}/**/*.test.ts`] : [];
    const env: Record<string, string> = started ? { PISTATS_RUN: join(dataDir, 'run.json') } : {};
    const code = await runTap(files.length > 0 ? files : globs, env, { signal });
    if (signal.aborted) throw new Interrupted();
    return code;
  } finally {
    unlock();
    await started?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
