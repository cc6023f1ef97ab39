import { join, resolve } from 'node:path';

/** The checkout's root. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** State of the local stack: databases, spool, logs, build stamps, run.json. Safe to delete while nothing runs. */
export const STATE_DIR = join(ROOT, '.pistats');
/** Where `npm start` keeps all but the build stamps and tools; another folder lets a second stack run beside the first. */
export const DATA_DIR = process.env.PISTATS_DATA ? resolve(process.env.PISTATS_DATA) : STATE_DIR;
