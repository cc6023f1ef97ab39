import { join } from 'node:path';

export const STORM_DIR = import.meta.dirname;
export const TOPOLOGY_FILE = join(STORM_DIR, 'topology.yaml');
/** What the build makes. */
export const TARGET_DIR = join(STORM_DIR, 'target');
export const TOPOLOGY_JAR = join(TARGET_DIR, 'topology.jar');
/** Storm's own jars, as one class path. */
export const CLASS_PATH_FILE = join(TARGET_DIR, 'classpath.txt');
