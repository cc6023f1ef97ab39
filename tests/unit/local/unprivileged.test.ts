import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { reachableCopy } from '../../../infra/local/unprivileged.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

t.test(
  'what was cloned under umask 077 is copied so that all can run it, and mended where a copy is not',
  async (t) => {
    const source = join(t.testdir({}), 'native');
    mkdirSync(join(source, 'bin'), { recursive: true });
    writeFileSync(join(source, 'bin/postgres'), '#!', { mode: 0o700 });
    writeFileSync(join(source, 'note'), 'text', { mode: 0o600 });
    symlinkSync('note', join(source, 'link'));
    for (const dir of [source, join(source, 'bin'), dirname(source)]) chmodSync(dir, 0o700);
    const copy = reachableCopy(source, NOBODY);
    t.teardown(() => rmSync(copy, { recursive: true, force: true }));
    t.not(copy, source);
    const look = () =>
      t.same(
        ['', 'bin', 'bin/postgres', 'note'].map((name) => mode(join(copy, name))),
        ['755', '755', '755', '644'],
      );
    look();
    t.equal(readFileSync(join(copy, 'link'), 'utf8'), 'text');
    chmodSync(join(copy, 'bin/postgres'), 0o700);
    t.equal(reachableCopy(source, NOBODY), copy);
    look();
    t.equal(reachableCopy(source, undefined), source, 'who is not root runs it himself');
    t.ok(existsSync(copy));
  },
);
