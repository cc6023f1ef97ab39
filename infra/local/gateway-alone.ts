import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { STOP_TIMEOUT_MS } from '../../kong/plugin-server/server.ts';
import { freePort, requirePort } from './free-port.ts';
import { interruption, unlessAborted, whenAborted } from './interruption.ts';
import { ROOT } from './paths.ts';
import { type Service, startService } from './service.ts';
import { setUpPlugins } from './setup.ts';
import { guardFolder } from './spawn-guarded.ts';
import { reportError, StopError } from './stop-error.ts';

interface Flags {
  proxyPort: number;
  adminPort?: number;
  statusPort?: number;
  data?: string;
  declarative?: string;
  redis: string;
}

/**
 * `npm run gateway`: the embedded gateway and the plugin server alone. Lambda and Kinesis are where the AWS SDKs find
 * them (AWS_REGION, AWS_ENDPOINT_URL_…).
 */
function program(run: (flags: Flags) => Promise<void>): Command {
  return new Command('npm run gateway --')
    .description('The embedded gateway and the plugin server alone.')
    .requiredOption('--proxy-port <port>', 'port of the proxy; 0: any free one', parsePort)
    .option('--admin-port <port>', 'port of the Admin API; 0: any free one', parsePort)
    .option('--status-port <port>', 'port of /status and /metrics; 0: any free one', parsePort)
    .option('--data <folder>', 'keeps what decK syncs, and the spool; without it the Admin API is read-only')
    .option('--declarative <file>', 'the decK file to serve; with --data: what an empty folder starts from')
    .option('--redis <host:port>', 'the Redis of rate-limiting, as DECK_REDIS_HOST and DECK_REDIS_PORT', '')
    .exitOverride()
    .action(run);
}

function parsePort(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) > 65_535)
    throw new InvalidArgumentError('expected a port, 0 to 65535');
  return Number(value);
}

const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);

async function run(flags: Flags): Promise<void> {
  if (flags.data === undefined && flags.declarative === undefined)
    throw new StopError('give --declarative FILE, --data FOLDER, or both.', 2);
  for (const name of ['proxyPort', 'adminPort', 'statusPort'] as const)
    if (flags[name]) await requirePort(flags[name], `--${name.replace('Port', '-port')}`);
  const signal = interruption();
  await unlessAborted(signal, setUpPlugins(say));

  // a socket's path may be 107 bytes long at most
  const dir = mkdtempSync(join('/tmp', 'pistats-'));
  guardFolder(dir);
  const services: Service[] = [];
  try {
    services.push(await startPluginServer(join(dir, 'plugins.sock'), flags.data, signal));
    const gateway = await startGateway(join(dir, 'plugins.sock'), flags, signal);
    services.unshift(gateway);
    process.stdout.write(`${JSON.stringify(gateway.readyLine)}\n`);
    const { proxyPort, adminPort } = gateway.readyLine as { proxyPort: number; adminPort?: number };
    say(`the gateway serves http://127.0.0.1:${proxyPort} until Ctrl-C`);
    if (adminPort !== undefined)
      say(
        flags.data === undefined
          ? `its Admin API, http://127.0.0.1:${adminPort}, is read-only: what is served comes from ${flags.declarative} alone`
          : `its Admin API is http://127.0.0.1:${adminPort}; what decK syncs is kept in ${flags.data}`,
      );
    await whenAborted(signal);
  } finally {
    for (const service of services) await service.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Beside the socket; what is said on stderr goes to this terminal, too. */
const logTo = (dir: string, name: string) => join(dir, `${name}.log`);

async function startPluginServer(
  socket: string,
  data: string | undefined,
  signal: AbortSignal,
): Promise<Service> {
  return startService({
    name: 'plugin-server',
    command: process.execPath,
    args: [join(ROOT, 'kong/plugin-server/main.ts')],
    env: {
      AWS_REGION: process.env.AWS_REGION ?? 'eu-central-1',
      PISTATS_SOCKET: socket,
      PISTATS_METRICS_PORT: process.env.PISTATS_METRICS_PORT ?? String(await freePort()),
      PISTATS_SPOOL_DIR: process.env.PISTATS_SPOOL_DIR || (data && join(data, 'spool')),
    },
    logFile: logTo(join(socket, '..'), 'plugin-server'),
    echo: process.stderr,
    signal,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
}

async function startGateway(socket: string, flags: Flags, signal: AbortSignal): Promise<Service> {
  const { proxyPort, adminPort, statusPort, data, declarative } = flags;
  const [host = '127.0.0.1', port = '6379'] = flags.redis.split(':').filter((part) => part !== '');
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}`, String(value)];
  return startService({
    name: 'gateway',
    command: process.execPath,
    args: [
      join(ROOT, 'infra/local/gateway/main.ts'),
      ...option('proxy-port', proxyPort || (await freePort())),
      ...option('admin-port', adminPort === 0 ? await freePort() : adminPort),
      ...option('status-port', statusPort === 0 ? await freePort() : statusPort),
      ...option('data', data),
      ...option('declarative', declarative),
    ],
    env: {
      PISTATS_SOCKET: socket,
      PISTATS_DUMPS_DIR: join(ROOT, 'dist/plugins/dumps'),
      DECK_REDIS_HOST: flags.redis ? host : (process.env.DECK_REDIS_HOST ?? host),
      DECK_REDIS_PORT: flags.redis ? port : (process.env.DECK_REDIS_PORT ?? port),
      PISTATS_PLUGIN_TIMEOUT_MS: process.env.PISTATS_PLUGIN_TIMEOUT_MS ?? '11000',
    },
    logFile: logTo(join(socket, '..'), 'gateway'),
    echo: process.stderr,
    signal,
  });
}

try {
  await program(run).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportError(error);
}
process.exit();
