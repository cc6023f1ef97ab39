import { Command, InvalidArgumentError, Option } from 'commander';
import type { KeyKind } from '../../contracts/api-key.ts';
import { type IssuedKey, issueKey, listKeys, parseExpiry, revokeKey, rotateKey } from './key-commands.ts';
import { type Output, runProgram, terminal } from './run-program.ts';

/** Enough of a digest to tell a client's keys apart. */
const SHOWN_DIGEST = 12;

interface DeckOption {
  deck: string;
}
interface NewKeyOptions extends DeckOption {
  kind: KeyKind;
  expires?: string;
}

/** `npm run keys -- issue | list | rotate | revoke`: a client's API keys in deck.yaml. */
export function keysProgram(output: Output, now: () => Date = () => new Date()): Command {
  const program = new Command('keys').description(
    "a client's API keys: only their digests are kept, in deck.yaml",
  );
  const deck = () => new Option('--deck <file>', 'the deck file').default('deck.yaml');
  const kind = () =>
    new Option('--kind <kind>', 'pk: for a web page or app; sk: for a server')
      .choices(['pk', 'sk'])
      .makeOptionMandatory();
  const expires = () => new Option('--expires <date>', 'last day on which it is honoured, UTC, YYYY-MM-DD');

  const show = (name: string, kind: KeyKind, issued: IssuedKey, until: string | null) => {
    output.out(issued.key);
    output.say(
      `a new ${kind} of ${name}, digest ${issued.digest.slice(0, SHOWN_DIGEST)}, ${until ? `valid through ${until}` : 'without expiry'}. It is not stored: keep it now. It works once the deck file is synced.`,
    );
    if (issued.needsOrigin)
      output.say(
        `no origin is allowed for ${name} yet: browsers are refused until one is (clients add --origin).`,
      );
  };

  program
    .command('issue <client>')
    .description('make a key and print it once')
    .addOption(kind())
    .addOption(expires())
    .addOption(deck())
    .action((name: string, options: NewKeyOptions) => {
      const until = options.expires === undefined ? null : parseExpiry(options.expires, now());
      show(name, options.kind, issueKey(options.deck, name, { kind: options.kind, expires: until }), until);
    });

  program
    .command('rotate <client>')
    .description('make a key and let the old ones of its kind end')
    .addOption(kind())
    .addOption(
      new Option('--overlap-days <days>', 'for how long the old ones go on, 0 to 3650')
        .argParser(parseDays)
        .default(7),
    )
    .addOption(expires())
    .addOption(deck())
    .action((name: string, options: NewKeyOptions & { overlapDays: number }) => {
      const until = options.expires === undefined ? null : parseExpiry(options.expires, now());
      const { kind, overlapDays } = options;
      const rotated = rotateKey(options.deck, name, { kind, expires: until, overlapDays, now: now() });
      show(name, kind, rotated, until);
      for (const old of rotated.ending)
        output.say(
          `the ${kind} with digest ${old.digest.slice(0, SHOWN_DIGEST)} is honoured through ${old.expires}.`,
        );
    });

  program
    .command('list <client>')
    .description('kind, digest, expiry and state of each key')
    .option('--json', 'as JSON')
    .addOption(deck())
    .action((name: string, options: DeckOption & { json?: boolean }) => {
      const keys = listKeys(options.deck, name, now());
      if (options.json) output.out(JSON.stringify(keys));
      else
        for (const { kind, digest, expires, state } of keys)
          output.out([kind, digest.slice(0, SHOWN_DIGEST), expires ?? 'no expiry', state].join('\t'));
    });

  program
    .command('revoke <client> <digest>')
    .description('remove the key whose digest starts so')
    .addOption(deck())
    // a digest may start with "-"
    .allowUnknownOption()
    .action((name: string, digest: string, options: DeckOption) => {
      const { kind } = revokeKey(options.deck, name, digest);
      output.say(`the ${kind} of ${name} is removed; it is refused once the deck file is synced.`);
    });

  return program;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,4}$/.test(text) || days > 3650) throw new InvalidArgumentError('It must be 0 to 3650.');
  return days;
}

if (import.meta.main)
  process.exitCode = await runProgram(keysProgram(terminal), process.argv.slice(2), terminal);
