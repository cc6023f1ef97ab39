import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { requireKong, startKong } from './kong.ts';
import { ROOT } from './paths.ts';
import { type Service, startService } from './service.ts';

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

/** The stack's gateway: the embedded one, or a Kong that is on this machine; both serve the same deck.yaml. */
export async function startStackGateway(
  options: StackGatewayOptions,
): Promise<{ service: Service; proxyPort: number }> {
  const { kind, deckFile, socket, redisPort, dataDir, logFile, signal } = options;
  const deckEnv = { DECK_REDIS_HOST: '127.0.0.1', DECK_REDIS_PORT: String(redisPort) };
  const statusPort = await freePort();
  if (kind === 'kong') {
    const proxyPort = options.proxyPort || (await freePort());
    const service = await startKong({
      binary: requireKong(),
      prefix: join(dataDir, 'kong'),
      adminPort: await freePort(),
      ...{ deckFile, deckEnv, socket, proxyPort, statusPort, logFile, signal },
    });
    return { service, proxyPort };
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
  return { service, proxyPort: Number(service.readyLine?.proxyPort) };
}
