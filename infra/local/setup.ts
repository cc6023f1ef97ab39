import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { interruption, unlessAborted } from './interruption.ts';
import { ROOT, STATE_DIR } from './paths.ts';
import { installRedis } from './redis.ts';
import { holdLock } from './run-lock.ts';
import { spawnGuarded } from './spawn-guarded.ts';
import { reportError, StopError } from './stop-error.ts';
import { aptInstall, onPath } from './system-package.ts';

interface BuildStep {
  name: string;
  script: string;
  /** files and folders whose contents decide whether the step must run again */
  inputs: string[];
  /** what must exist afterwards */
  outputs: string[];
  after?: string;
}

const PLUGINS: BuildStep = {
  name: 'Kong plugins',
  script: 'plugins/build.ts',
  inputs: ['plugins', 'stream', 'metrics', 'contracts'],
  outputs: PLUGIN_NAMES.map((name) => `dist/plugins/${name}.cjs`),
};
const PRISMA_CLIENT: BuildStep = {
  name: 'Prisma client',
  script: 'prisma/generate.ts',
  inputs: ['prisma/schema.prisma', 'prisma/generate.ts', 'prisma.config.ts'],
  outputs: ['lambdas/generated/prisma/client.ts'],
};
const STEPS: BuildStep[] = [
  PRISMA_CLIENT,
  {
    name: 'functions',
    script: 'lambdas/build.ts',
    inputs: ['lambdas', 'stream/breaker.ts', 'contracts', 'prisma/schema.prisma'],
    outputs: ['registrations', 'subscriptions', 'reconcile'].map((name) => `dist/lambdas/${name}/index.mjs`),
    after: 'Prisma client',
  },
  PLUGINS,
  {
    name: 'plugin server (a bundle for a sidecar)',
    script: 'kong/plugin-server/build.ts',
    inputs: ['kong/plugin-server', 'kong/protocol', 'plugins', 'stream', 'metrics', 'contracts'],
    outputs: ['main', 'health'].map((name) => `dist/plugin-server/${name}.mjs`),
  },
  {
    name: 'Storm topology (Maven fetches Storm on the first run)',
    script: 'storm/build.ts',
    inputs: ['storm', 'stream', 'contracts'],
    outputs: ['storm/target'],
  },
  {
    name: "Storm's launchers for this machine",
    script: 'infra/local/storm/build.ts',
    inputs: ['infra/local/storm', 'storm', 'stream', 'contracts'],
    outputs: ['dist/local-storm/loopback-agent.jar'],
    after: 'Storm topology (Maven fetches Storm on the first run)',
  },
];

export interface Tools {
  redisServer: string;
}

/** Installs and builds what is missing or stale, saying what it does; a second run only compares hashes. */
export async function setUp(say: (line: string) => void): Promise<Tools> {
  return alone(say, () => setUpAll(say));
}

/** One set-up at a time in a checkout: two would write the same files. */
async function alone<T>(say: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const unlock = await holdLock(join(STATE_DIR, 'setup.lock'), (holder) =>
    say(`waiting for the set-up that process ${holder} is at`),
  );
  try {
    return await work();
  } finally {
    unlock();
  }
}

async function setUpAll(say: (line: string) => void): Promise<Tools> {
  requireJava(say);
  const redisServer = installRedis(join(STATE_DIR, 'tools'), say);
  const running = new Map<string, Promise<void>>();
  for (const step of STEPS) {
    const before = step.after ? running.get(step.after) : undefined;
    running.set(
      step.name,
      Promise.resolve(before).then(() => build(step, say)),
    );
  }
  const results = await Promise.allSettled(running.values());
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return { redisServer };
}

/** As `setUp`, but only what the gateway needs: no Java, no Redis. */
export async function setUpPlugins(say: (line: string) => void): Promise<void> {
  await alone(say, () => build(PLUGINS, say));
}

/** As `setUp`, but only the code that the compiler reads: no Java, no Redis. */
export async function setUpGeneratedCode(say: (line: string) => void): Promise<void> {
  await alone(say, () => build(PRISMA_CLIENT, say));
}

function requireJava(say: (line: string) => void): void {
  if (!onPath('java')) aptInstall(['openjdk-17-jdk-headless'], say);
  if (!onPath('java')) aptInstall(['default-jdk-headless'], say);
  if (!onPath('java'))
    throw new StopError('there is no Java: install a JDK (17 or newer) and run the command again.');
  if (!onPath('mvn')) aptInstall(['maven'], say);
  if (!onPath('mvn'))
    throw new StopError('there is no Maven: install it (command "mvn") and run the command again.');
}

async function build(step: BuildStep, say: (line: string) => void): Promise<void> {
  const hash = hashInputs([...step.inputs, 'package-lock.json']);
  const stamp = join(STATE_DIR, 'build', `${step.script.replaceAll('/', '-')}.sha256`);
  const built = step.outputs.every((output) => existsSync(join(ROOT, output)));
  if (built && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  say(`building ${step.name}`);
  const output = await runNode(step.script);
  if (output.code !== 0) {
    if (/ENOSPC|No space left/.test(output.text))
      throw new StopError('the disk is full; free some space and run again.');
    if (/UnknownHost|Could not transfer artifact|ENOTFOUND/.test(output.text))
      throw new StopError(
        `building ${step.name} needs the network on the first run, and a package registry was not reachable.`,
      );
    throw new StopError(
      `building ${step.name} failed: ${output.text.trim().split('\n').slice(-8).join('\n')}`,
    );
  }
  mkdirSync(join(STATE_DIR, 'build'), { recursive: true });
  writeFileSync(stamp, hash);
}

function runNode(script: string): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawnGuarded('build', process.execPath, [join(ROOT, script)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const keep = (chunk: Buffer) => {
      text = (text + chunk).slice(-65_536);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', reject);
    // not its exit: what it said last may still be under way
    child.on('close', (code) => resolve({ code, text }));
  });
}

/** Folders that builds write into: never inputs. */
const NOT_INPUTS = new Set(['node_modules', 'generated', 'target', 'dist']);

function hashInputs(inputs: string[]): string {
  const hash = createHash('sha256').update(process.version);
  const add = (path: string) => {
    if (!existsSync(join(ROOT, path))) return;
    if (statSync(join(ROOT, path)).isDirectory()) {
      for (const name of readdirSync(join(ROOT, path)).sort())
        if (!NOT_INPUTS.has(name)) add(`${path}/${name}`);
    } else
      hash
        .update(path)
        .update('\0')
        .update(readFileSync(join(ROOT, path)));
  };
  for (const input of inputs) add(input);
  return hash.digest('hex');
}

if (import.meta.main) {
  try {
    const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
    await unlessAborted(interruption(), setUp(say));
  } catch (error) {
    process.exitCode = reportError(error);
  }
  process.exit();
}
