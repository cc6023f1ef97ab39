import { Command, Option } from 'commander';
import { createPutRecords, type PutRecords } from '../../stream/index.ts';
import type { ListedBoot } from '../../stream/spool/index.ts';
import { OperatorError } from './errors.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { drainSpool, exportSpool, listSpool, spoolDir } from './spool-commands.ts';
import { findKinesisOf } from './target.ts';

interface SpoolOption {
  spool?: string;
}

/** `npm run spool -- list | drain | export`: what a node has received and Kinesis has not taken yet. */
export function spoolProgram(
  output: Output,
  { putRecords, patienceMs }: { putRecords?: PutRecords; patienceMs?: number } = {},
): Command {
  const program = new Command('spool').description(
    "a node's spool: events that were answered 2xx and that Kinesis has not taken yet",
  );
  const spool = () =>
    new Option('--spool <dir>', "a node's spool, or a copy; else PISTATS_SPOOL_DIR, else the local stack's");

  program
    .command('list')
    .description('what each process has in it')
    .option('--json', 'as JSON')
    .addOption(spool())
    .action(async (options: SpoolOption & { json?: boolean }) => {
      const boots = await listSpool(spoolDir(options.spool));
      if (options.json) output.out(JSON.stringify(boots));
      else for (const boot of boots) output.out(row(boot));
    });

  program
    .command('drain')
    .description(
      'send what dead processes left to Kinesis (AWS_REGION, AWS_ENDPOINT_URL_KINESIS, credentials)',
    )
    .addOption(spool())
    .action(async (options: SpoolOption) => {
      const folder = spoolDir(options.spool);
      output.say(findKinesisOf(folder));
      for (const { boot, owner, pid, records } of await listSpool(folder))
        if (owner === 'alive' && records > 0)
          output.say(`${boot} is left to process ${pid}, which runs and sends it itself.`);
      const { sent, left } = await drainSpool(folder, {
        putRecords: putRecords ?? createPutRecords(),
        say: output.say,
        patienceMs,
      });
      output.say(`Kinesis took ${sent} records.`);
      if (left > 0)
        throw new OperatorError('not_taken', `${left} records were not taken; they stay in the spool.`);
    });

  program
    .command('export')
    .description('write every record as a line of JSON, without changing anything')
    .requiredOption('--out <file>', 'a new file; it holds events, users included')
    .addOption(spool())
    .action(async (options: SpoolOption & { out: string }) => {
      const records = await exportSpool(spoolDir(options.spool), options.out);
      output.say(`${records} records are in ${options.out}.`);
    });

  return program;
}

const row = ({ boot, owner, pid, records, events, bytes, oldest, torn }: ListedBoot): string =>
  [
    boot,
    owner === 'alive' ? `process ${pid}` : 'no process',
    `${records} records`,
    `${events} events`,
    `${bytes} bytes`,
    oldest ? `since ${oldest}` : 'empty',
    ...(torn > 0 ? [`${torn} bytes torn`] : []),
  ].join('\t');

if (import.meta.main) {
  process.exitCode = await runProgram(spoolProgram(terminal), process.argv.slice(2), terminal);
  // connections that are kept must not hold the command
  process.exit();
}
