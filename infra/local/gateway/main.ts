import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { DeclarativeError } from './config-types.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { createLog, LOG_LEVELS, type LogLevel } from './log.ts';

/**
 * The gateway for one machine: reads the decK file that a real Kong is synced from and serves it as Kong 3.9 would.
 * Environment: PISTATS_SOCKET (the plugin server), PISTATS_DUMPS_DIR (its schema dumps), PISTATS_TRUSTED_IPS
 * (addresses and CIDR blocks, by commas), PISTATS_PLUGIN_TIMEOUT_MS, PISTATS_MAX_BODY_BYTES, PISTATS_LOG_LEVEL,
 * and what the file asks for as DECK_….
 */
function parsePort(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535');
  return number;
}

function positive(name: string): number | undefined {
  const value = process.env[name];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number <= 0) throw new TypeError(`${name} is not a positive whole number`);
  return number;
}

/** One sentence an operator can act on. */
function explain(error: unknown, file: string): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (error instanceof DeclarativeError) return `${file}: ${message}`;
  if (code === 'EADDRINUSE') return `Port ${port} is already in use.`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} may not be used by this user.`;
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') return `${file} can't be read (${code}).`;
  return message;
}

interface Flags {
  declarative?: string;
  proxyPort: number;
  statusPort?: number;
  adminPort?: number;
  data?: string;
}

async function run({ declarative, proxyPort, statusPort, adminPort, data }: Flags): Promise<void> {
  if (declarative === undefined && data === undefined)
    throw new TypeError('give --declarative <file>, --data <folder>, or both');
  const { env } = process;
  const level = env.PISTATS_LOG_LEVEL ?? 'notice';
  if (!LOG_LEVELS.includes(level as LogLevel))
    throw new TypeError(`PISTATS_LOG_LEVEL is none of ${LOG_LEVELS.join(', ')}`);
  const log = createLog(level as LogLevel, (line) => process.stderr.write(line));
  const gateway: Gateway = await startGateway({
    declarative,
    proxyPort,
    statusPort,
    adminPort,
    stateFile: data === undefined ? undefined : join(data, 'entities.json'),
    socketPath: env.PISTATS_SOCKET,
    dumpsDir: env.PISTATS_DUMPS_DIR ?? 'dist/plugins/dumps',
    trustedIps: (env.PISTATS_TRUSTED_IPS ?? '').split(',').filter((entry) => entry !== ''),
    pluginTimeoutMs: positive('PISTATS_PLUGIN_TIMEOUT_MS'),
    maxBodyBytes: positive('PISTATS_MAX_BODY_BYTES'),
    log,
  });
  const { reload, close, ...ports } = gateway;
  process.stdout.write(`${JSON.stringify({ ready: true, ...ports })}\n`);
  if (adminPort !== undefined && data === undefined)
    log('notice', 'the Admin API is read-only: what is served comes from the decK file alone');

  process.on('SIGHUP', () => {
    reload().then(
      () => log('notice', 'the declarative file was read again and is in use'),
      (error) => log('err', `kept the configuration in use: ${explain(error, declarative ?? data ?? '')}`),
    );
  });
  const stop = () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const command = new Command('embedded-gateway')
  .description('A Kong-3.9-compatible gateway on loopback, from a decK file')
  .option('--declarative <file>', 'the decK file; with --data: what an empty folder starts from')
  .requiredOption('--proxy-port <port>', 'port of the proxy; 0: any free one', parsePort)
  .option('--status-port <port>', 'port of /status and /metrics; 0: any free one', parsePort)
  .option('--admin-port <port>', 'port of the Admin API; 0: any free one', parsePort)
  .option('--data <folder>', 'where what is synced over the Admin API is kept; without it that is read-only')
  .action(async (flags: Flags) => {
    try {
      await run(flags);
    } catch (error) {
      process.stderr.write(`${explain(error, flags.declarative ?? flags.data ?? '')}\n`);
      process.exit(1);
    }
  });
await command.parseAsync();
