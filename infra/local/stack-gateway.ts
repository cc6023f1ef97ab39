import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { declarativeConfig, requireKong, startKong } from './kong.ts';
import { ROOT } from './paths.ts';
import { type Service, startService } from './service.ts';
import { waitUntil } from './wait-until.ts';

/** A request's deadline in deck.yaml, 10 s, and one more: a plugin server that hangs is noticed then. */
const PLUGIN_TIMEOUT_MS = 11_000;

export type GatewayKind = 'embedded' | 'kong';

export interface StackGatewayOptions {
  kind: GatewayKind;
  deckFile: string;
  /** 0: a free one */
  proxyPort: number;
  /** the plugin server's */
  socket: string;
  redisPort: number;
  dataDir: string;
  logFile: string;
  signal?: AbortSignal;
}

export interface StackGateway {
  service: Service;
  proxyPort: number;
  /** Has it read deck.yaml again. @throws Error with the reason why it keeps what it has */
  reload(): Promise<void>;
}

/** The stack's gateway: the embedded one, or a Kong that is on this machine; both serve the same deck.yaml. */
export async function startStackGateway(options: StackGatewayOptions): Promise<StackGateway> {
  const { kind, deckFile, socket, redisPort, dataDir, logFile, signal } = options;
  const deckEnv = { DECK_REDIS_HOST: '127.0.0.1', DECK_REDIS_PORT: String(redisPort) };
  const statusPort = await freePort();
  if (kind === 'kong') {
    const proxyPort = options.proxyPort || (await freePort());
    const adminPort = await freePort();
    const service = await startKong({
      binary: requireKong(),
      prefix: join(dataDir, 'kong'),
      ...{ adminPort, deckFile, deckEnv, socket, proxyPort, statusPort, logFile, signal },
    });
    const reload = () => postConfig(adminPort, declarativeConfig(readFileSync(deckFile, 'utf8'), deckEnv));
    return { service, proxyPort, reload };
  }
  const service = await startService({
    name: 'gateway',
    command: process.execPath,
    args: [
      join(ROOT, 'infra/local/gateway/main.ts'),
      ...['--declarative', deckFile],
      ...['--proxy-port', String(options.proxyPort), '--status-port', String(statusPort)],
    ],
    env: {
      ...deckEnv,
      PISTATS_SOCKET: socket,
      PISTATS_PLUGIN_TIMEOUT_MS: String(PLUGIN_TIMEOUT_MS),
      // whoever sends from this machine stands where the load balancer would
      PISTATS_TRUSTED_IPS: '127.0.0.1',
    },
    logFile,
    signal,
  });
  const reload = () => hangUp(service);
  return { service, proxyPort: Number(service.readyLine?.proxyPort), reload };
}

/** Kong's Admin API, without a database: the whole configuration at once. */
async function postConfig(adminPort: number, config: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ config }),
  });
  if (!answer.ok)
    throw new Error(((await answer.json()) as { message?: string }).message ?? answer.statusText);
}

/** What the embedded gateway logs after SIGHUP, see gateway/main.ts. */
const READ_AGAIN = /the declarative file was read again|kept the configuration in use: (?<why>.*)/;

async function hangUp(service: Service): Promise<void> {
  const from = statSync(service.logFile).size;
  process.kill(service.pid, 'SIGHUP');
  const said = () => READ_AGAIN.exec(readFileSync(service.logFile).subarray(from).toString());
  const { groups } = await waitUntil('an answer to SIGHUP', said, { timeoutMs: 10_000 });
  if (groups?.why) throw new Error(groups.why);
}
