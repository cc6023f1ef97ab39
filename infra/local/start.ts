import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClientRegistry } from '../operate/client-registry.ts';
import { EXAMPLE_CLIENTS } from './example-clients.ts';
import { readGateway } from './gateway-option.ts';
import { printsHelp } from './help.ts';
import { interruption, unlessAborted, whenAborted } from './interruption.ts';
import { formatTable } from './load/table.ts';
import { planReplay, replayAndCount } from './load-and-count.ts';
import { DATA_DIR, ROOT } from './paths.ts';
import { requireDataFolder, requireWritable } from './require-writable.ts';
import { startScheduler } from './scheduler.ts';
import { setUp } from './setup.ts';
import { type Stack, startStack } from './stack.ts';
import type { GatewayKind } from './stack-gateway.ts';
import { Interrupted, reportError, StopError } from './stop-error.ts';

export interface StartOptions {
  registrations: number;
  surge?: string;
  input?: string;
  gateway: GatewayKind;
  json?: string;
  once: boolean;
  port: number;
}

const RECONCILE_EVERY_MS = 5_000;

const HELP = `Usage: npm start -- [options]

Starts every part of piStats on this machine, sends it a day's registrations, counts them in the database and stays up.

  --registrations N    requests to send (default: 5000)
  --surge FILE         the day's shape: CSV lines "minute,requests"
  --input FILE         registration bodies to send, one JSON object a line
  --gateway KIND       embedded (default) or kong: a Kong 3.9 on this machine
  --json FILE          the closing table as JSON
  --once               end after the table; exit code 1 where the books do not balance
  --help               this text

Environment: PISTATS_PORT (the gateway's port; default 8000), PISTATS_DATA (the folder of databases and logs; default .pistats)
`;

function readOptions(args: string[]): StartOptions {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        registrations: { type: 'string', default: '5000' },
        surge: { type: 'string' },
        input: { type: 'string' },
        gateway: { type: 'string', default: 'embedded' },
        json: { type: 'string' },
        once: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new StopError(`${(error as Error).message.split('.')[0]}. See README.md for the options.`, 2);
  }
  const registrations = Number(values.registrations);
  if (!Number.isInteger(registrations) || registrations < 1)
    throw new StopError(`--registrations takes a whole number from 1, not "${values.registrations}".`, 2);
  const gateway = readGateway(values.gateway);
  const port = Number(process.env.PISTATS_PORT ?? 8000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new StopError(`PISTATS_PORT must be a port, not "${process.env.PISTATS_PORT}".`, 2);
  const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined);
  return {
    registrations,
    gateway,
    port,
    surge: text(values.surge),
    input: text(values.input),
    json: text(values.json),
    once: values.once === true,
  };
}

async function main(args: string[]): Promise<number> {
  if (printsHelp(args, HELP)) return 0;
  const options = readOptions(args);
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  const signal = interruption();
  const plan = planReplay(options);
  if (options.json) requireWritable(options.json);
  requireDataFolder(DATA_DIR);
  const tools = await unlessAborted(signal, setUp(say));
  let stack: Stack | undefined;
  let scheduler: ReturnType<typeof startScheduler> | undefined;
  try {
    stack = await startStack({
      tools,
      dataDir: DATA_DIR,
      proxyPort: options.port,
      deckFile: join(ROOT, 'deck.yaml'),
      gateway: options.gateway,
      clients: EXAMPLE_CLIENTS.map(({ name, firebaseProject, pk, sk }) => ({
        name,
        firebaseProject,
        keys: { pk, sk },
      })),
      async seed(registryUrl) {
        const registry = openClientRegistry(registryUrl);
        for (const { name, properties, firebaseProject } of EXAMPLE_CLIENTS)
          await registry.add({ name, properties: [...properties], firebaseProject });
      },
      durable: true,
      signal,
      say,
    });
    scheduler = startScheduler(stack.info.lambdaUrl, RECONCILE_EVERY_MS);
    const { table, missing } = await replayAndCount(stack.info, plan, signal);
    if (signal.aborted) throw new Interrupted();
    if (options.json) writeFileSync(options.json, `${JSON.stringify(table, null, 2)}\n`);
    process.stdout.write(`\n${formatTable(table, missing)}\n`);
    if (options.once) return table.balanced ? 0 : 1;
    process.stdout.write(`\n${howToGoOn(stack.info.proxyUrl)}\n`);
    await whenAborted(signal);
    return 0;
  } finally {
    scheduler?.stop();
    if (stack) say('stopping every process');
    await stack?.stop();
  }
}

function howToGoOn(proxyUrl: string): string {
  return [
    'Register a user by hand:',
    `  curl -s ${proxyUrl}/v1/registrations -H 'content-type: application/json' \\`,
    `    -H 'x-api-key: ${EXAMPLE_CLIENTS[0].pk}' \\`,
    `    -d '{"property":"www","device":{"installationId":"my-browser-1","platform":"web"}}'`,
    'Look at the rows:',
    '  npm run report',
    '  (the addresses of the databases are in .pistats/run.json)',
    '',
    'piStats stays up until Ctrl-C.',
  ].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
