import { Command } from 'commander';
import { type ReportRange, readReport } from '../../analytics/registrations.ts';
import { ATTRIBUTION, reportText } from '../../analytics/report-text.ts';
import { explainDatabaseError } from './database-error.ts';
import { OperatorError } from './errors.ts';
import { parseTime } from './parse-time.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { describeTarget, findTarget } from './target.ts';

const WEEK_MS = 7 * 86_400_000;

interface Options {
  json?: boolean;
  client?: string;
  from?: Date;
  to?: Date;
}

/** `npm run report`: new registrations per client, for a terminal or as JSON. */
export function reportProgram(output: Output): Command {
  return new Command('report')
    .description('New registrations per client: by property, hour, country and device.')
    .option('--json', 'as JSON')
    .option('--client <name>', 'one client only')
    .option('--from <time>', 'received at or after; default: a week before --to', parseTime)
    .option('--to <time>', 'received before; default: now', parseTime)
    .action(async ({ json, client, from, to }: Options) => {
      const end = to ?? new Date();
      const range: ReportRange = { client, from: from ?? new Date(end.getTime() - WEEK_MS), to: end };
      if (range.from >= range.to) throw new OperatorError('usage', '--from must lie before --to.');
      const target = findTarget(['analytics']);
      output.say(describeTarget(target));
      const figures = await readReport(target.analytics, range).catch((error: unknown) => {
        throw explainDatabaseError('analytics database', error) ?? error;
      });
      const head = { client: client ?? null, from: range.from, to: range.to };
      const document = { ...head, ...figures, attribution: ATTRIBUTION };
      output.out(json ? JSON.stringify(document, null, 2) : reportText(range, figures).trimEnd());
    });
}

if (import.meta.main)
  process.exitCode = await runProgram(reportProgram(terminal), process.argv.slice(2), terminal);
