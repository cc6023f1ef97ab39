import { type Command, CommanderError } from 'commander';
import { DeckFileError } from '../deck/deck-file.ts';
import { reportError, StopError, sentenceOf } from '../local/stop-error.ts';

/** Exit code of a command that could not do what it was asked because of what it was given. */
export const BAD_USAGE = 2;

/** Where a command writes: results to `out` (what a script reads), everything said to a person to `say`. */
export interface Output {
  out(line: string): void;
  say(line: string): void;
}

export const terminal: Output = {
  out: (line) => process.stdout.write(`${line}\n`),
  say: (line) => process.stderr.write(`pistats: ${line}\n`),
};

/**
 * Runs a command line to its exit code: 0 well, 1 something is not as it should be, 2 usage or configuration, 3 something
 * could not be reached (errors.ts); never a stack trace for any of them.
 */
export async function runProgram(program: Command, args: string[], output: Output): Promise<number> {
  for (const command of withSubcommands(program))
    command.exitOverride().configureOutput({ outputError: () => {} });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error, output);
    if (error instanceof DeckFileError) {
      output.say(`${error.message} [deck_file]`);
      return BAD_USAGE;
    }
    if (error instanceof StopError) {
      output.say(sentenceOf(error));
      return error.exitCode;
    }
    return reportError(error);
  }
}

const withSubcommands = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
];

function reportUsage(error: CommanderError, output: Output): number {
  // asked for help or version: commander printed it
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return BAD_USAGE;
  output.say(`${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}; --help tells more. [usage]`);
  return BAD_USAGE;
}
