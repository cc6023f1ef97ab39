import { join } from 'node:path';

/** The checkout's root. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** State of the local stack: databases, spool, logs, build stamps, run.json. Safe to delete while nothing runs. */
export const STATE_DIR = join(ROOT, '.pistats');
