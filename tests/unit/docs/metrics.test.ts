import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../../../infra/local/paths.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const table = readme.slice(readme.indexOf('### Metrics'), readme.indexOf('## Configuration'));

/** What the pattern's group gives in the code that ships, without what builds wrote. */
function named(pattern: RegExp): string[] {
  const files = globSync('{kong,lambdas,plugins,metrics,stream,storm}/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/node_modules|\/(?:target|dist|dumps|generated)\//.test(file),
  );
  const names = files.flatMap((file) =>
    Array.from(readFileSync(join(ROOT, file), 'utf8').matchAll(pattern), ([, name]) => name as string),
  );
  return [...new Set(names)].sort();
}

t.test('every metric has its line in the README, and the README no other', async (t) => {
  const metrics = named(/\b(?:counter|gauge|histogram)\(\s*'(pistats_\w+)'/g);
  t.ok(metrics.length > 20);
  const documented = new Set(Array.from(table.matchAll(/`(pistats_\w+)`/g), ([, name]) => name as string));
  t.same([...documented].sort(), metrics);
});

t.test('so has every metric of the functions', async (t) => {
  const metrics = named(/\.addMetric\('(\w+)'/g);
  t.ok(metrics.length >= 7);
  for (const metric of metrics) t.ok(table.includes(`\`${metric}\``), metric);
});

t.test('every code of a failure line has one, too', async (t) => {
  const codes = named(/\b(?:report|tell|failureLine\([^,]+,)\(?\s*'(\w+)'/g);
  t.ok(codes.length >= 20, `${codes.length}`);
  for (const code of codes) t.ok(table.includes(`\`${code}\``), code);
});
