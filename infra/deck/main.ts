import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { StopError } from '../local/stop-error.ts';
import { type Output, runProgram, terminal } from '../operate/run-program.ts';
import { brokenRelations, relationSentence, relations } from '../relations.ts';
import { installDeck, requireDeck } from './deck-binary.ts';
import { withDeckDefaults } from './deck-environment.ts';
import { DeckFileError } from './deck-file.ts';
import { readDeckModel } from './deck-model.ts';
import { lintDeck } from './lint-rules.ts';

interface Flags {
  deck: string;
  kongAddr: string;
  json?: boolean;
}

/** `npm run deck:install | deck:lint | deck:diff | deck:sync`: what a platform team calls in its pipeline. */
export function deckProgram(output: Output): Command {
  const program = new Command('deck').description('deck.yaml checked, compared and synced');
  const file = () => new Option('--deck <file>', 'the deck file').default('deck.yaml');
  const address = () =>
    new Option('--kong-addr <url>', 'the Admin API').env('DECK_KONG_ADDR').default('http://127.0.0.1:8001');

  program
    .command('install')
    .description('build the pinned decK with Go, unless it is there')
    .action(() => output.out(installDeck(output.say)));

  program
    .command('lint')
    .description('check the file against our rules; exit 1 when one is broken')
    .addOption(file())
    .option('--json', 'as JSON')
    .action(({ deck, json }: Flags) => lint(deck, json === true, output));

  program
    .command('diff')
    .description('what a sync would change; exit 2 when it would change anything')
    .addOption(file())
    .addOption(address())
    .action(({ deck, kongAddr }: Flags) => {
      lint(deck, false, output);
      const code = runDeck(['gateway', 'diff', '--non-zero-exit-code', deck, '--kong-addr', kongAddr]);
      if (code === 2) throw new StopError(`${deck} and the gateway differ.`, code);
      if (code !== 0) throw new StopError('decK could not compare them.', code);
    });

  program
    .command('sync')
    .description('lint, validate against the gateway, then sync')
    .addOption(file())
    .addOption(address())
    .action(({ deck, kongAddr }: Flags) => {
      lint(deck, false, output);
      for (const step of ['validate', 'sync']) {
        const code = runDeck(['gateway', step, deck, '--kong-addr', kongAddr]);
        if (code !== 0) throw new StopError(`decK's ${step} failed; nothing was done after it.`, code);
      }
    });
  return program;
}

/** @throws StopError when a rule is broken */
function lint(path: string, json: boolean, output: Output): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeckFileError(`${path} can't be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  const deck = readDeckModel(text, path);
  const unfit = brokenRelations(relations(deck)).map((relation) => ({
    line: relation.line ?? 1,
    rule: 'relations',
    message: relationSentence(relation),
  }));
  const findings = [...lintDeck(deck), ...unfit];
  if (json) output.out(JSON.stringify(findings));
  else for (const { line, rule, message } of findings) output.out(`${path}:${line} ${rule}: ${message}`);
  if (findings.length > 0) throw new StopError(`${path} breaks our rules in ${findings.length} places.`, 1);
  output.say(`${path} keeps every rule.`);
}

/** decK speaks for itself; it would send analytics out unless told not to. */
function runDeck(args: string[]): number {
  const env = { ...withDeckDefaults(process.env), DECK_ANALYTICS: 'off' };
  const { status } = spawnSync(requireDeck(), args, { stdio: 'inherit', env });
  return status ?? 1;
}

if (import.meta.main)
  process.exitCode = await runProgram(deckProgram(terminal), process.argv.slice(2), terminal);
