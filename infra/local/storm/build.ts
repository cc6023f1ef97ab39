import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE } from '../../../storm/build.ts';
import { CLASS_PATH_FILE } from '../../../storm/paths.ts';
import { reportBuildError, runTool } from '../../../storm/run-tool.ts';
import { BUILT_DIR, LAUNCHER_CLASSES, LOCAL_STORM_DIR, LOOPBACK_AGENT, SYNTHETIC_SPOUT } from './paths.ts';

/** Builds what runs the topology on this machine. Needs Storm's class path, which storm/build.ts writes. */
async function buildLaunchers(): Promise<void> {
  rmSync(BUILT_DIR, { recursive: true, force: true });
  mkdirSync(BUILT_DIR, { recursive: true });
  await build({
    ...BUNDLE,
    entryPoints: [join(LOCAL_STORM_DIR, 'synthetic-spout.ts')],
    outfile: SYNTHETIC_SPOUT,
  });
  const classPath = readFileSync(CLASS_PATH_FILE, 'utf8').trim();
  await compile('LoopbackCluster.java', LAUNCHER_CLASSES, ['-cp', classPath]);
  await buildAgent();
}

async function buildAgent(): Promise<void> {
  const classes = join(BUILT_DIR, 'loopback-agent');
  await compile(join('cluster', 'LoopbackAgent.java'), classes);
  const manifest = join(BUILT_DIR, 'loopback-agent.mf');
  writeFileSync(manifest, 'Premain-Class: LoopbackAgent\nCan-Redefine-Classes: false\n');
  const jar = ['--create', '--file', LOOPBACK_AGENT, '--manifest', manifest, '-C', classes, '.'];
  await runTool('jar', jar, LOCAL_STORM_DIR);
}

function compile(source: string, classes: string, options: string[] = []): Promise<void> {
  return runTool('javac', [...options, '-d', classes, join(LOCAL_STORM_DIR, source)], LOCAL_STORM_DIR);
}

if (import.meta.main) await buildLaunchers().catch(reportBuildError);
