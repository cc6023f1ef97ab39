import { join } from 'node:path';

export const STORM_DIR = import.meta.dirname;
export const TOPOLOGY_FILE = join(STORM_DIR, 'topology.yaml');
/** What the build makes. */
export const TARGET_DIR = join(STORM_DIR, 'target');
export const TOPOLOGY_JAR = join(TARGET_DIR, 'topology.jar');
/** Storm's own jars, as one class path. */
export const CLASS_PATH_FILE = join(TARGET_DIR, 'classpath.txt');
/** The launcher of a local run. */
export const LOCAL_CLASSES = join(TARGET_DIR, 'local');
/** The bundle of synthetic-spout/, beside the jar and not in it. */
export const SYNTHETIC_SPOUT = join(TARGET_DIR, 'synthetic-spout.cjs');
/** Keeps the JVMs of a cluster on this machine off its other interfaces. */
export const LOOPBACK_AGENT = join(TARGET_DIR, 'loopback-agent.jar');
