import { join } from 'node:path';
import t from 'tap';
import { JUDGED, permits, refuseLicence } from '../../../infra/operate/licence-rule.ts';
import { readPackages } from '../../../infra/operate/licences.ts';

const root = join(import.meta.dirname, '..', '..', '..');

t.test('an expression permits what one side of OR or both sides of AND permit', async (t) => {
  for (const expression of [
    'MIT',
    '(MIT OR GPL-3.0-only)',
    'AGPL-3.0-only OR MIT',
    'MIT AND (GPL-2.0-only OR ISC)',
    '(MIT)',
  ])
    t.ok(permits(expression), expression);
  for (const expression of [
    '',
    'AGPL-3.0-only',
    'AGPL-3.0-or-later',
    'GPL-3.0-only',
    'GPL-2.0',
    'MIT AND GPL-3.0-only',
    'MIT AND (AGPL-3.0-only OR GPL-2.0-only)',
    'GPL-2.0-only WITH Classpath-exception-2.0',
    'SSPL-1.0',
    'BUSL-1.1',
    'UNLICENSED',
    'mit',
    'MIT and ISC',
    'MIT OR',
    'MIT)',
    '(MIT',
    'OR MIT',
  ])
    t.notOk(permits(expression), expression);
});

t.test(
  'a package without a licence is refused, and so is a judged one that says something else now',
  async (t) => {
    const one = { name: 'x', version: '1.0.0' };
    t.equal(refuseLicence({ ...one, licence: 'MIT' }), null);
    t.match(refuseLicence({ ...one, licence: null }), /x@1\.0\.0 says nothing/);
    t.match(refuseLicence({ ...one, licence: 'AGPL-3.0-only' }), /x@1\.0\.0 is under "AGPL-3\.0-only"/);
    t.equal(refuseLicence({ name: 'limiter', version: '1.1.5', licence: null }), null);
    t.match(refuseLicence({ name: 'limiter', version: '9.0.0', licence: 'AGPL-3.0-only' }), /not permitted/);
  },
);

t.test('every package of this project may be used, and no judgement is left over', async (t) => {
  const packages = readPackages(root);
  t.ok(packages.length > 100, `${packages.length} packages`);
  t.same(
    packages.flatMap((one) => refuseLicence(one) ?? []),
    [],
  );
  const names = new Set(packages.map(({ name }) => name));
  t.same(
    Object.keys(JUDGED).filter((name) => !names.has(name)),
    [],
  );
});

t.test('a lock file: installed manifests first, links and the project itself left out', async (t) => {
  const folder = t.testdir({
    'package-lock.json': JSON.stringify({
      packages: {
        '': { license: 'Apache-2.0' },
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0', license: 'ISC' },
        'node_modules/old': { version: '3.0.0' },
        'node_modules/linked': { link: true },
      },
    }),
    node_modules: {
      a: { 'package.json': '{"license":"AGPL-3.0-only"}' },
      old: { 'package.json': '{"license":{"type":"MIT"}}' },
    },
  });
  t.same(readPackages(folder), [
    { name: 'a', version: '1.0.0', licence: 'AGPL-3.0-only' },
    { name: '@s/b', version: '2.0.0', licence: 'ISC' },
    { name: 'old', version: '3.0.0', licence: 'MIT' },
  ]);
  t.throws(() => readPackages(t.testdir({})), /is no lock file/);
});
