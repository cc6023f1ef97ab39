import { Command, Option } from 'commander';
import { createPutRecords, locateService, type PutRecords } from '../../stream/index.ts';
import { StopError } from '../local/stop-error.ts';
import { BAD_USAGE, type Output, runProgram, terminal } from './run-program.ts';
import { drainSpool, exportSpool, type ListedBoot, listSpool, spoolDir } from './spool-commands.ts';

interface DirOption {
  dir?: string;
}

/** `npm run spool -- list | drain | export`: what a node has received and Kinesis has not taken yet. */
export function spoolProgram(
  output: Output,
  { putRecords, patienceMs }: { putRecords?: PutRecords; patienceMs?: number } = {},
): Command {
  const program = new Command('spool').description(
    "a node's spool: events that were answered 2xx and that Kinesis has not taken yet",
  );
  const dir = () =>
    new Option('--dir <folder>', "the spool; default PISTATS_SPOOL_DIR, else the running local stack's");

  program
    .command('list')
    .description('what each process has in it')
    .option('--json', 'as JSON')
    .addOption(dir())
    .action(async (options: DirOption & { json?: boolean }) => {
      const boots = await listSpool(spoolDir(options.dir));
      if (options.json) output.out(JSON.stringify(boots));
      else for (const boot of boots) output.out(row(boot));
    });

  program
    .command('drain')
    .description(
      'send what dead processes left to Kinesis (AWS_REGION, AWS_ENDPOINT_URL_KINESIS, credentials)',
    )
    .addOption(dir())
    .action(async (options: DirOption) => {
      const folder = spoolDir(options.dir);
      requireAws();
      for (const { boot, owner, pid, records } of await listSpool(folder))
        if (owner === 'alive' && records > 0)
          output.say(`${boot} is left to process ${pid}, which runs and sends it itself.`);
      const { sent, left } = await drainSpool(folder, {
        putRecords: putRecords ?? createPutRecords(),
        say: output.say,
        patienceMs,
      });
      output.say(`Kinesis took ${sent} records.`);
      if (left > 0) throw new StopError(`${left} records were not taken; they stay in the spool.`);
    });

  program
    .command('export')
    .description('write every record as a line of JSON, without changing anything')
    .requiredOption('--out <file>', 'a new file; it holds events, users included')
    .addOption(dir())
    .action(async (options: DirOption & { out: string }) => {
      const records = await exportSpool(spoolDir(options.dir), options.out);
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

function requireAws(): void {
  try {
    locateService('kinesis');
  } catch (error) {
    throw new StopError(`${(error as Error).message}.`, BAD_USAGE);
  }
}

if (import.meta.main) {
  process.exitCode = await runProgram(spoolProgram(terminal), process.argv.slice(2), terminal);
  // connections that are kept must not hold the command
  process.exit();
}
