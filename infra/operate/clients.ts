import { Command, Option } from 'commander';
import {
  addClient,
  changeOrigins,
  disableClient,
  enableClient,
  type ListedClient,
  listClients,
  renewIdentitySecret,
} from './client-commands.ts';
import { type ClientRegistry, openClientRegistry } from './client-registry.ts';
import { type Output, runProgram, terminal } from './run-program.ts';
import { describeTarget, findTarget } from './target.ts';

interface PlaceOptions {
  deck: string;
  registry?: string;
}
interface AddOptions extends PlaceOptions {
  property: string[];
  origin: string[];
  firebaseProject?: string;
  identityVerification?: 'off' | 'required';
}

/** `npm run clients -- add | disable | enable | origins | identity-secret | list`: a client in deck.yaml and in the registry. */
export function clientsProgram(
  output: Output,
  connect: (url: string | undefined) => ClientRegistry = (url) => {
    const target = findTarget(['registry'], { registry: url });
    output.say(describeTarget(target));
    return openClientRegistry(target.registry);
  },
): Command {
  const program = new Command('clients').description(
    'clients: consumers in deck.yaml, and rows in the registry',
  );
  const deck = () => new Option('--deck <file>', 'the deck file').default('deck.yaml');
  const registry = () =>
    new Option(
      '--registry <url>',
      "PostgreSQL URL of the registry's owner; else DATABASE_URL, else the local stack",
    );
  const collect = (value: string, all: string[]) => [...all, value];

  program
    .command('add <client>')
    .description('add a client, or properties and origins to a known one; may be repeated')
    .addOption(
      new Option('--property <name>', 'a site or app of the client; repeatable')
        .argParser(collect)
        .default([], 'none')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--origin <host>',
        "where its pk may be used: host, host:port, *.host, or an app's scheme://host; repeatable",
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--firebase-project <id>', 'the Firebase project that sends its push notifications')
    .addOption(
      new Option(
        '--identity-verification <mode>',
        'required: a user id counts only with a signed token',
      ).choices(['off', 'required']),
    )
    .addOption(deck())
    .addOption(registry())
    .action(async (name: string, options: AddOptions, command: Command) => {
      if (options.property.length === 0) command.error('at least one --property is required');
      const { property: properties, origin: origins, firebaseProject, identityVerification } = options;
      const client = { name, properties, origins, firebaseProject, identityVerification };
      await addClient(options.deck, connect(options.registry), client);
      output.say(`client ${name} is in the registry and in ${options.deck}; it works once that is synced.`);
      output.say(`make it a key: npm run keys -- issue ${name} --kind pk`);
    });

  program
    .command('disable <client>')
    .description('refuse every key of a client; its data stays')
    .addOption(deck())
    .addOption(registry())
    .action(async (name: string, options: PlaceOptions) => {
      await disableClient(options.deck, connect(options.registry), name);
      output.say(`client ${name} is disabled; the gateway refuses it once ${options.deck} is synced.`);
    });

  program
    .command('enable <client>')
    .description('take its keys again, those that have not expired meanwhile')
    .addOption(deck())
    .addOption(registry())
    .action(async (name: string, options: PlaceOptions) => {
      await enableClient(options.deck, connect(options.registry), name);
      output.say(`client ${name} is enabled; the gateway takes its keys once ${options.deck} is synced.`);
    });

  const origins = program
    .command('origins')
    .description('where the pk of a client may be used: origins add | remove <client> <host...>');
  for (const [change, description] of [
    ['add', "allow origins: host, host:port, *.host, an app's scheme://host, or null"],
    ['remove', 'take origins back'],
  ] as const)
    origins
      .command(`${change} <client> <host...>`)
      .description(description)
      .addOption(deck())
      .action((name: string, hosts: string[], options: { deck: string }) => {
        const left = changeOrigins(options.deck, name, change, hosts);
        output.say(
          left.length > 0
            ? `client ${name} has ${left.join(', ')}; the gateway follows once ${options.deck} is synced.`
            : `client ${name} has no origin any more: once ${options.deck} is synced no web page may use its pk.`,
        );
      });

  program
    .command('identity-secret <client>')
    .description('make the secret with which its server signs user tokens (JWT, HS256); the one before ends')
    .addOption(registry())
    .action(async (name: string, options: { registry?: string }) => {
      output.out(await renewIdentitySecret(connect(options.registry), name));
      output.say('shown once; user tokens signed with the one before are refused from now on.');
    });

  program
    .command('list')
    .description('every client, as gateway and registry know it')
    .option('--json', 'as JSON')
    .addOption(deck())
    .addOption(registry())
    .action(async (options: PlaceOptions & { json?: boolean }) => {
      const clients = await listClients(options.deck, connect(options.registry));
      if (options.json) output.out(JSON.stringify(clients));
      else for (const client of clients) output.out(tableRow(client));
    });

  return program;
}

function tableRow(client: ListedClient): string {
  const { name, gateway, registry, properties, firebaseProject, origins, keys } = client;
  const state = gateway === registry ? gateway : `gateway ${gateway}, registry ${registry}`;
  const list = (values: string[]) => values.join(',') || '-';
  return [name, state, list(properties), firebaseProject ?? '-', list(origins), `${keys} keys`].join('\t');
}

if (import.meta.main)
  process.exitCode = await runProgram(clientsProgram(terminal), process.argv.slice(2), terminal);
