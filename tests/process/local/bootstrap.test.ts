import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PACKAGES = {
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};

/** A checkout with the bootstrapper, a command `setup` that succeeds, and a PATH with these commands alone. */
function checkout(t: Test, { commands = {} }: { commands?: Record<string, string> }) {
  const root = tempDir(t);
  mkdirSync(join(root, 'infra/local'), { recursive: true });
  mkdirSync(join(root, 'path'));
  copyFileSync(join(ROOT, 'infra/local/bootstrap.mjs'), join(root, 'infra/local/bootstrap.mjs'));
  writeFileSync(join(root, 'infra/local/setup.ts'), "process.stdout.write('set up\\n');\n");
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...PACKAGES } }));
  for (const [name, script] of Object.entries(commands))
    writeFileSync(join(root, 'path', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return {
    root,
    installed: join(root, 'npm-ci-ran'),
    run: () =>
      spawnSync(process.execPath, [join(root, 'infra/local/bootstrap.mjs'), 'setup'], {
        env: { PATH: join(root, 'path') },
        encoding: 'utf8',
      }),
  };
}

/** What npm leaves behind. */
function installByHand(root: string, packages: object, folders = Object.keys(packages)): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

const TOOLS = { java: 'exit 0', mvn: 'exit 0', 'valkey-server': 'exit 0' };
const NPM = { npm: 'echo > npm-ci-ran; echo unreachable network >&2; exit 1' };

t.test('what set-up needs and cannot install is asked for before npm ci', async (t) => {
  const redis =
    'there is no Redis: install valkey-server or redis-server, or Python 3 with pip, and run again.';
  for (const [commands, sentence] of [
    [{}, 'there is no Java: install a JDK (17 or newer) and run the command again.'],
    [{ java: 'exit 0' }, 'there is no Maven: install it (command "mvn") and run the command again.'],
    [{ java: 'exit 0', mvn: 'exit 0' }, redis],
  ] as [Record<string, string>, string][]) {
    const { run, installed } = checkout(t, { commands: { ...NPM, ...commands } });
    const { status, stderr } = run();
    t.equal(stderr, `pistats: ${sentence}\n`);
    t.equal(status, 1);
    t.notOk(existsSync(installed));
  }
});

t.test('an npm ci by hand is not repeated', async (t) => {
  const { root, run, installed } = checkout(t, { commands: { ...NPM, ...TOOLS } });
  installByHand(root, { 'node_modules/a': PACKAGES['node_modules/a'] });
  t.match(run(), { status: 0, stdout: 'set up\n', stderr: '' });
  t.notOk(existsSync(installed));
  rmSync(join(root, 'node_modules/.package-lock.json'));
  t.match(run(), { status: 0, stdout: 'set up\n' }, 'and is remembered');
});

t.test('one of another lock file, or one that was cut off, is', async (t) => {
  for (const [packages, folders] of [
    [{}],
    [{ 'node_modules/a': { version: '0.9.0', integrity: 'sha512-old' } }],
    // noted by `npm install --package-lock-only`, and not there
    [{ 'node_modules/a': PACKAGES['node_modules/a'] }, []],
  ] as [object, string[]?][]) {
    const { root, run, installed } = checkout(t, { commands: { ...NPM, ...TOOLS } });
    installByHand(root, packages, folders);
    const { status, stderr } = run();
    t.match(stderr, /npm ci, about a minute[\s\S]*registry is not reachable/);
    t.equal(status, 1);
    t.ok(existsSync(installed));
  }
});
