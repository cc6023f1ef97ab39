import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { ROOT } from '../local/paths.ts';
import { reportError } from '../local/stop-error.ts';
import { OperatorError } from './errors.ts';
import { terminal } from './run-program.ts';

const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info'] as const;
/** From here on a package may not be shipped as it is. */
const REFUSED: readonly string[] = ['critical', 'high'];

const advisory = z.object({ title: z.string(), url: z.string() });
/** What `npm audit --json` prints (auditReportVersion 2), as far as it is told here. */
const auditReport = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.enum(SEVERITIES),
      range: z.string(),
      via: z.array(z.union([z.string(), advisory])),
    }),
  ),
});
/** What it prints when the registry gave no advisories: a status, or the code of a connection's error. */
const auditFailure = z
  .object({ statusCode: z.number().optional(), message: z.string().optional(), error: z.unknown() })
  .refine(({ statusCode, message }) => statusCode !== undefined || message !== undefined);

export interface Judgement {
  /** 0: none that forbids to ship; 1: at least one */
  code: 0 | 1;
  lines: string[];
}

/**
 * Judges the output of `npm audit --json`: high and critical ones fail; no answer of the registry is no verdict.
 * @throws StopError when it is neither a report nor a failure of the registry
 */
export function judgeAudit(output: string): Judgement {
  const json = parse(output);
  const report = auditReport.safeParse(json);
  if (report.success) return judge(report.data.vulnerabilities);
  const failure = auditFailure.safeParse(json);
  if (!failure.success)
    throw new OperatorError('tool_missing', 'npm audit gave neither a report nor a reason; run it by hand.');
  const { statusCode, message } = failure.data;
  const why =
    statusCode === undefined ? `npm could not ask it (${firstLine(message)})` : `it answers ${statusCode}`;
  return { code: 0, lines: [`skipped: the package registry offers no advisories, ${why}.`] };
}

function judge(vulnerabilities: z.infer<typeof auditReport>['vulnerabilities']): Judgement {
  const found = Object.entries(vulnerabilities).sort(
    ([, a], [, b]) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
  const lines = found.flatMap(([name, { severity, range, via }]) => {
    const own = via.filter((one) => typeof one !== 'string');
    const through = via.filter((one) => typeof one === 'string').join(', ');
    if (own.length === 0) return [`${severity}: ${name} ${range}, through ${through}`];
    return own.map(({ title, url }) => `${severity}: ${name} ${range}: ${title} (${url})`);
  });
  const refused = found.filter(([, { severity }]) => REFUSED.includes(severity)).length;
  lines.push(
    found.length === 0
      ? 'no advisory concerns what is shipped.'
      : `${found.length} packages with advisories, ${refused} of them high or critical.`,
  );
  return { code: refused > 0 ? 1 : 0, lines };
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

const firstLine = (text = 'no reason was given') => text.split('\n')[0]?.slice(0, 200);

/** `npm run advisories`: what is known against the packages that are shipped. @returns the exit code */
function checkAdvisories(): number {
  try {
    const npm = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: ROOT, encoding: 'utf8' });
    if (npm.error)
      throw new OperatorError(
        'tool_missing',
        'npm was not found; install Node.js 20 or newer together with npm.',
      );
    const { code, lines } = judgeAudit(npm.stdout);
    for (const line of lines) terminal.out(line);
    return code;
  } catch (error) {
    return reportError(error);
  }
}

if (import.meta.main) process.exitCode = checkAdvisories();
