import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';

const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).sort();
const TOP = /^(?:\.ci|analytics|contracts|docs|infra|kong|lambdas|plugins|prisma|sdk|storm|stream|tests)\//;
/** What a build makes: not in a fresh checkout. */
const BUILT = /^storm\/target\//;

t.ok(PAGES.includes('README.md') && PAGES.length > 10, 'the pages are found');

for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), 'utf8');

  t.test(`${page}: every file it names is there`, async (t) => {
    const named = [...text.matchAll(/`([\w.-]+\/[\w./*<>-]*)`/g)].map((match) => match[1] as string);
    for (const name of new Set(named)) {
      if (!TOP.test(name) || BUILT.test(name)) continue;
      const pattern = name.replace(/<[^>]+>/g, '*').replace(/\/$/, '');
      t.ok(globSync(pattern, { cwd: ROOT }).length > 0, name);
    }
  });

  t.test(`${page}: no command calls node, which may be older than ours`, async (t) => {
    const commands = text.split('\n').filter((line) => /^ {4}|^```/.test(line) || /`node /.test(line));
    t.same(
      commands.filter((line) => /(?<!npx )(?<![\w/.-])node\s+(?:-|\S+\.[cm]?[jt]s)/.test(line)),
      [],
    );
  });

  t.test(`${page}: every page it links to is there`, async (t) => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (!/^[a-z]+:/.test(target)) t.ok(existsSync(join(ROOT, dirname(page), target)), target);
    }
  });

  t.test(`${page}: every npm script it names is there`, async (t) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [, name = ''] of text.matchAll(/npm run ([a-z][a-z:-]*)/g)) t.ok(scripts[name], name);
  });
}
