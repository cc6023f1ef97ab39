import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { judgeAudit } from '../../../infra/operate/advisories.ts';
import { runCommand } from '../../support/command-line.ts';

const vulnerability = (severity: string, ...via: unknown[]) => ({
  ...{ name: 'x', severity, isDirect: false, effects: [], range: '<2.0.0', nodes: [], fixAvailable: true },
  via,
});
const told = {
  source: 1,
  title: 'Prototype pollution',
  url: 'https://github.com/advisories/GHSA-1',
  severity: 'high',
};
const report = (vulnerabilities: object) =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: {} });
/** As npm 10 and 11 print it where the registry does not know the request. */
const REFUSED = JSON.stringify({
  message: '405 Method Not Allowed - POST https://r/-/npm',
  statusCode: 405,
  error: { summary: '', detail: '' },
});

t.test('nothing known: 0', async (t) => {
  t.same(judgeAudit(report({})), { code: 0, lines: ['no advisory concerns what is shipped.'] });
});

t.test('high and critical fail, the worst first; what is less is told', async (t) => {
  for (const [severity, code] of Object.entries({ info: 0, low: 0, moderate: 0, high: 1, critical: 1 }))
    t.equal(judgeAudit(report({ x: vulnerability(severity, told) })).code, code, severity);
  const { lines } = judgeAudit(
    report({ a: vulnerability('low', 'x'), x: vulnerability('critical', told, 'y') }),
  );
  t.same(lines, [
    'critical: x <2.0.0: Prototype pollution (https://github.com/advisories/GHSA-1)',
    'low: a <2.0.0, through x',
    '2 packages with advisories, 1 of them high or critical.',
  ]);
});

t.test('a registry without advisories, or none at all: skipped', async (t) => {
  t.match(judgeAudit(REFUSED), { code: 0, lines: [/^skipped: .* it answers 405\.$/] });
  const away = JSON.stringify({
    message: 'request to https://r failed, reason: getaddrinfo ENOTFOUND r',
    error: {},
  });
  t.match(judgeAudit(away), { code: 0, lines: [/^skipped: .*ENOTFOUND/] });
});

t.test('what is neither is no verdict', async (t) => {
  for (const output of ['', 'npm ERR!', '[]', '{}', '{"vulnerabilities":3}', '{"error":{}}'])
    t.throws(() => judgeAudit(output), /neither a report nor a reason/, output);
});

/** The command with an npm of the test's own. */
function advisories(t: Test, script: string | null) {
  const dir = t.testdir({});
  if (script !== null) {
    writeFileSync(join(dir, 'npm'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, 'npm'), 0o755);
  }
  return runCommand(t, ['advisories'], { PATH: dir });
}

t.test('as a command: the verdict on stdout, its exit code, never a stack trace', async (t) => {
  const say = (json: string, code: number) => `printf '%s' '${json}'; exit ${code}`;
  t.match(await advisories(t, say(REFUSED, 1)), { code: 0, stdout: /^skipped: [^\n]*405\.\n$/, stderr: '' });
  t.match(await advisories(t, say(report({ x: vulnerability('high', told) }), 1)), {
    code: 1,
    stdout: /^high: x/,
  });
  const garbage = await advisories(t, 'echo no');
  t.match(garbage, { code: 2, stdout: '', stderr: /^pistats: npm audit gave neither[^\n]*\n$/ });
  t.match(await advisories(t, null), { code: 2, stderr: /^pistats: npm was not found[^\n]*\n$/ });
});
