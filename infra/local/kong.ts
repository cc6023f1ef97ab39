import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { withDeckDefaults } from '../deck/deck-environment.ts';
import { substituteEnv } from './gateway/env-template.ts';
import { ROOT } from './paths.ts';
import { type Service, startService } from './service.ts';
import { StopError } from './stop-error.ts';
import { onPath } from './system-package.ts';
import { waitUntil } from './wait-until.ts';

/** Kong: KONG_BIN, else the one on PATH. @throws StopError with what to do, exit code 2 */
export function requireKong(env: NodeJS.ProcessEnv = process.env): string {
  if (env.KONG_BIN && !existsSync(env.KONG_BIN))
    throw new StopError(`KONG_BIN names ${env.KONG_BIN}, which is not there.`, 2);
  const binary = env.KONG_BIN || onPath('kong');
  if (binary) return binary;
  throw new StopError('there is no Kong: install Kong 3.9, or set KONG_BIN to its kong command.', 2);
}

export interface KongOptions {
  binary: string;
  /** kong's prefix: its generated configuration, its own sockets and logs */
  prefix: string;
  deckFile: string;
  /** what `${{ env "DECK_…" }}` stands for */
  deckEnv: Record<string, string>;
  socket: string;
  proxyPort: number;
  adminPort: number;
  statusPort: number;
  logFile: string;
  signal?: AbortSignal;
}

/** Starts Kong without a database from deck.yaml, with the settings of kong/kong.env but for what this machine decides. */
export async function startKong(options: KongOptions): Promise<Service> {
  const { binary, prefix, deckFile, deckEnv, proxyPort, adminPort, statusPort, logFile } = options;
  mkdirSync(prefix, { recursive: true });
  const declarative = join(prefix, 'declarative.yml');
  writeFileSync(declarative, declarativeConfig(readFileSync(deckFile, 'utf8'), deckEnv), { mode: 0o600 });
  return startService({
    name: 'gateway',
    command: binary,
    args: ['start'],
    env: {
      ...kongEnvironment(readFileSync(join(ROOT, 'kong/kong.env'), 'utf8'), options.socket),
      KONG_PREFIX: prefix,
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG: declarative,
      KONG_PROXY_LISTEN: `127.0.0.1:${proxyPort}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      KONG_STATUS_LISTEN: `127.0.0.1:${statusPort}`,
      // whoever sends from this machine stands where the load balancer would
      KONG_TRUSTED_IPS: '127.0.0.1',
      KONG_NGINX_DAEMON: 'off',
      KONG_NGINX_WORKER_PROCESSES: '1',
      KONG_PROXY_ACCESS_LOG: 'off',
      KONG_PROXY_ERROR_LOG: logFile,
      KONG_ADMIN_ERROR_LOG: logFile,
      KONG_STATUS_ERROR_LOG: logFile,
    },
    logFile,
    output: 'file',
    // nginx's master hears it through the group
    stopSignal: 'SIGTERM',
    ready: (_service, signal) =>
      waitUntil('Kong ready', () => isReady(statusPort), { timeoutMs: 60_000, everyMs: 100, signal }),
  });
}

/** decK's file as Kong itself reads it: templates filled in, without what is decK's own. */
export function declarativeConfig(deck: string, env: Record<string, string>): string {
  const { _info, ...config } = parse(substituteEnv(deck, withDeckDefaults(env))) as Record<string, unknown>;
  return stringify(config);
}

/** The settings of kong.env, its socket and schema dumps those of this checkout. */
export function kongEnvironment(text: string, socket: string): Record<string, string> {
  const settings = text
    .split('\n')
    .filter((line) => line.startsWith('KONG_'))
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(
    settings.map(([name, value]) => {
      if (/^KONG_PLUGINSERVER_.*_SOCKET$/.test(name)) return [name, socket];
      if (/^KONG_PLUGINSERVER_.*_QUERY_CMD$/.test(name))
        return [name, `cat ${join(ROOT, 'dist/plugins/dumps', value.replace(/^.*\//, ''))}`];
      return [name, value];
    }),
  );
}

async function isReady(statusPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${statusPort}/status/ready`).catch(() => undefined);
  return response?.status === 200;
}
