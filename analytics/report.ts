import { Command } from 'commander';
import { analyticsUrl } from './database-url.ts';
import { parseTime } from './parse-time.ts';
import { type ReportRange, readReport } from './registrations.ts';
import { ATTRIBUTION, reportText } from './report-text.ts';

const WEEK_MS = 7 * 86_400_000;

interface Options {
  json?: boolean;
  client?: string;
  from?: Date;
  to?: Date;
}

async function report({ json, client, from, to }: Options): Promise<string> {
  const end = to ?? new Date();
  const range: ReportRange = { client, from: from ?? new Date(end.getTime() - WEEK_MS), to: end };
  if (range.from >= range.to) throw new Error('--from must lie before --to.');
  const figures = await readReport(analyticsUrl(), range);
  if (!json) return reportText(range, figures);
  const { from: since, to: until } = range;
  const document = {
    client: client ?? null,
    from: since,
    to: until,
    ...figures,
    attribution: ATTRIBUTION,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** One sentence instead of a driver's error. */
function explain(error: Error & { code?: string }): string {
  if (error.code === '42P01')
    return 'the analytics database has no tables yet; start piStats with "npm start".';
  if (error.code === '3D000') return 'the server has no such database; start piStats with "npm start".';
  if (error.code?.startsWith('28')) return 'the analytics database refuses the login in its URL.';
  if (error.code?.startsWith('E') || /timeout/i.test(error.message))
    return `the analytics database is not reachable (${error.code ?? 'timeout'}); does piStats run ("npm start")?`;
  return error.message;
}

const command = new Command('npm run report --')
  .description('New registrations per client: by property, hour, country and device.')
  .option('--json', 'as JSON')
  .option('--client <name>', 'one client only')
  .option('--from <time>', 'received at or after; default: a week before --to', parseTime)
  .option('--to <time>', 'received before; default: now', parseTime)
  .action(async (options: Options) => {
    try {
      process.stdout.write(await report(options));
    } catch (error) {
      process.stderr.write(`pistats: ${explain(error as Error)}\n`);
      process.exitCode = 1;
    }
  });
await command.parseAsync();
