import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StopError } from './stop-error.ts';

export interface OsUser {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` where that user exists, else as `nobody`. */
export function databaseUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = entries.find(([name]) => name === 'postgres') ?? entries.find(([name]) => name === 'nobody');
  if (!entry)
    throw new StopError('PostgreSQL may not run as root, and there is no user "postgres" or "nobody".');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Whether another user may walk down to `path` (a clone under /root, mode 0700, is out of reach). */
function reachable(path: string): boolean {
  for (let dir = path; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(dir) && (statSync(dir).mode & 0o001) === 0) return false;
  }
  return true;
}

/** A folder that `user` owns and can reach: `wanted`, or one under /var/tmp that belongs to this `wanted`. */
export function ownedDirectory(wanted: string, user: OsUser | undefined): string {
  const parent = dirname(wanted);
  mkdirSync(parent, { recursive: true });
  let dir = wanted;
  if (user && !reachable(parent)) {
    const name = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
    dir = join('/var/tmp', `pistats-${name}`);
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (user) {
    chownSync(dir, user.uid, user.gid);
    chmodSync(dir, 0o700);
  }
  return dir;
}

/** `source` where `user` can execute it, else a copy of it beside the data. */
export function reachableCopy(source: string, user: OsUser | undefined): string {
  if (!user || (reachable(source) && readableByAll(source))) return source;
  const name = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const copy = join('/var/tmp', `pistats-bin-${name}`);
  if (!existsSync(join(copy, 'complete')) || !readableByAll(copy)) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(source, copy, { recursive: true, verbatimSymlinks: true });
    // a clone under umask 077 is for its owner alone, and so would the copy be
    chmodSync(copy, 0o755);
    for (const path of entriesOf(copy)) chmodSync(path, (statSync(path).mode & 0o111) === 0 ? 0o644 : 0o755);
    mkdirSync(join(copy, 'complete'));
    chmodSync(join(copy, 'complete'), 0o755);
  }
  return copy;
}

/** Files and folders under `dir`; symbolic links have no mode of their own. */
function entriesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readableByAll(dir: string): boolean {
  return [dir, ...entriesOf(dir)].every((path) => (statSync(path).mode & 0o004) !== 0);
}
