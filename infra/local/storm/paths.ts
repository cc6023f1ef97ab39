import { join } from 'node:path';
import { ROOT } from '../paths.ts';

export const LOCAL_STORM_DIR = import.meta.dirname;
/** What build.ts makes beside the topology's jar: only a run on this machine needs it. */
export const BUILT_DIR = join(ROOT, 'dist', 'local-storm');
/** The launcher of a LocalCluster. */
export const LAUNCHER_CLASSES = join(BUILT_DIR, 'launcher');
/** The bundle of synthetic-spout.ts. */
export const SYNTHETIC_SPOUT = join(BUILT_DIR, 'synthetic-spout.cjs');
/** Keeps the JVMs of a cluster on this machine off its other interfaces. */
export const LOOPBACK_AGENT = join(BUILT_DIR, 'loopback-agent.jar');
