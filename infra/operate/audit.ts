import { existsSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createPutRecords } from '../../stream/index.ts';
import { readSpool, readTallies } from '../../stream/spool/index.ts';
import { requireWritable } from '../local/require-writable.ts';
import { auditJson } from './audit/json.ts';
import { type Repair, repair } from './audit/repair.ts';
import { runAudit } from './audit/run.ts';
import { openStream } from './audit/stream.ts';
import { auditText, repairText, UNREPAIRED } from './audit/text.ts';
import { windowOf } from './audit/window.ts';
import { OperatorError } from './errors.ts';
import { parseTime } from './parse-time.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { describeTarget, findTarget, spoolDirs } from './target.ts';

interface Options {
  from?: Date;
  to?: Date;
  grace: number;
  by: 'client' | 'minute';
  json?: string;
  registry?: string;
  spool: string[];
  repair?: boolean;
  wait: number;
}

/** `npm run audit`: what was received against what became of it, and the facts against the events. */
export function auditProgram(output: Output): Command {
  return new Command('audit')
    .description('audit: received = stored + duplicate + rejected + under way, and every fact has its event')
    .option('--from <time>', 'received at or after; default: 24 hours before --to', parseTime)
    .option('--to <time>', 'received before; default: now', parseTime)
    .option('--grace <seconds>', 'how young a fact may be without an event', parseSeconds, 30)
    .addOption(new Option('--by <what>', 'a row for each').choices(['client', 'minute']).default('client'))
    .option('--json <file>', 'everything, as JSON, into a file')
    .option(
      '--registry <url>',
      "PostgreSQL URL of the registry's owner; else DATABASE_URL, else the local stack",
    )
    .addOption(
      new Option(
        '--spool <dir>',
        "a node's spool, or a copy; repeatable; else PISTATS_SPOOL_DIR, else the local stack's",
      )
        .argParser((value: string, all: string[]) => [...all, value])
        .default([], 'none'),
    )
    .option('--repair', 'forward again what is missing, wait for it, and audit again')
    .option('--wait <seconds>', 'how long a repair waits until it is stored', parseSeconds, 60)
    .action(async (options: Options) => {
      const window = windowOf(options.from, options.to, new Date());
      if (window.from >= window.to) throw new OperatorError('usage', '--from must lie before --to.');
      if (options.json) requireWritable(options.json);
      const target = findTarget(['registry', 'analytics', 'stream'], options);
      const places = { ...target, spoolDirs: spoolDirs(options.spool, target.where) };
      const missing = options.spool.find((dir) => !existsSync(dir));
      if (missing) throw new OperatorError('spool_missing', `there is no spool ${missing}.`);
      output.say(describeTarget(target));
      const auditOptions = {
        places,
        stream: openStream(places.stream),
        spool: { segments: readSpool, tallies: readTallies },
        window,
        graceMs: options.grace * 1_000,
      };
      let audit = await runAudit(auditOptions);
      let repaired: Repair | undefined;
      if (options.repair && audit.missing.length + audit.facts.missing.length > 0) {
        output.out(auditText(audit, options.by === 'minute'));
        const patienceMs = options.wait * 1_000;
        repaired = await repair(audit, { ...auditOptions, putRecords: createPutRecords(), patienceMs });
        output.out(`\n${repairText(repaired)}\n`);
        audit = await runAudit(auditOptions);
      }
      if (options.json) {
        const document = { ...auditJson(audit), repair: repaired ?? null };
        writeFileSync(options.json, `${JSON.stringify(document, null, 2)}\n`);
      }
      output.out(auditText(audit, options.by === 'minute'));
      if (repaired && audit.missing.length > 0) output.out(`\n${UNREPAIRED}`);
      if (!audit.balanced) throw new OperatorError('books_unbalanced', 'the books do not balance.');
    });
}

function parseSeconds(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('Give seconds (30).');
  return Number(value);
}

if (import.meta.main)
  process.exitCode = await runProgram(auditProgram(terminal), process.argv.slice(2), terminal);
