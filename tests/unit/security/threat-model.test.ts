import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';

const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');
const section = /^## Threats\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
/** The rows of the table: threat, what stands against it, its tests. */
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const named = rows.flatMap(([, , tests = '']) => tests.split('<br>'));

/** A test's title as it is written in its file; what it puts in (`${…}`) stands as it is. */
const titles = (source: string) =>
  [...source.matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)].map(([, , title = '']) =>
    title.replaceAll(/\\(['"`])/g, '$1'),
  );

t.test('every threat has what stands against it, and a test', async (t) => {
  t.ok(rows.length > 20, `${rows.length} threats`);
  for (const cells of rows) {
    const threat = String(cells[0]);
    t.equal(cells.length, 3, threat);
    for (const cell of cells) t.not(cell, '', threat);
  }
});

t.test('every test that the page names is there, under that title', async (t) => {
  for (const entry of named) {
    const [, file = '', title = ''] = /^(tests\/[\w./-]+\.test\.ts): (.+)$/.exec(entry) ?? [];
    if (!existsSync(join(ROOT, file)) || title === '') {
      t.fail(`no file and title: ${entry}`);
      continue;
    }
    const found = titles(readFileSync(join(ROOT, file), 'utf8')).some((one) => one.includes(title));
    t.ok(found, entry);
  }
});

t.test('every test of security is on the page', async (t) => {
  const files = globSync(
    [
      'tests/unit/security/*.test.ts',
      'tests/process/gateway-node/headers.test.ts',
      'tests/system/security-*.test.ts',
    ],
    { cwd: ROOT },
  );
  for (const file of files)
    if (file !== 'tests/unit/security/threat-model.test.ts') t.ok(page.includes(`${file}: `), file);
});
