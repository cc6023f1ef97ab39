import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../../infra/local/paths.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { type Service, startService } from '../../infra/local/service.ts';

export interface AblatedGateway {
  /** the stack with this gateway and plugin server in front */
  info: RunInfo;
  stop(): Promise<void>;
}

export interface Ablation {
  /** a module the plugin server loads before it starts */
  preload?: string;
  /** changes client-auth's configuration on every route */
  clientAuth?: Record<string, unknown>;
}

/** One more gateway and plugin server before the same functions, stream and databases, a part of them switched off. */
export async function startAblatedGateway(info: RunInfo, ablation: Ablation): Promise<AblatedGateway> {
  // a socket's path may be 107 bytes long at most
  const dir = mkdtempSync(join('/tmp', 'pistats-'));
  const services: Service[] = [];
  const stop = async () => {
    for (const service of services.toReversed()) await service.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const part = async (name: string, args: string[], env: Record<string, string>) => {
    const service = await startService({
      name,
      command: process.execPath,
      args,
      env: { PISTATS_SOCKET: join(dir, 'plugins.sock'), ...env },
      logFile: join(dir, `${name}.log`),
    });
    services.push(service);
    return service;
  };
  try {
    const deckFile = join(dir, 'deck.yaml');
    writeFileSync(deckFile, changeDeck(readFileSync(info.deckFile, 'utf8'), ablation.clientAuth));
    const preload = ablation.preload ? ['--import', ablation.preload] : [];
    const pluginServer = await part('plugin-server', [...preload, join(ROOT, 'kong/plugin-server/main.ts')], {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_KINESIS: info.kinesisUrl,
      AWS_ENDPOINT_URL_LAMBDA: info.lambdaUrl,
      PISTATS_METRICS_PORT: '0',
      PISTATS_NODE: 'ablated',
    });
    const main = join(ROOT, 'kong/embedded/main.ts');
    const gateway = await part('gateway', [main, '--declarative', deckFile, '--proxy-port', '0'], {
      PISTATS_DUMPS_DIR: join(ROOT, 'dist/plugins/dumps'),
      PISTATS_TRUSTED_IPS: '127.0.0.1',
      PISTATS_PLUGIN_TIMEOUT_MS: '11000',
      DECK_REDIS_HOST: '127.0.0.1',
      DECK_REDIS_PORT: new URL(info.redisUrl).port,
    });
    const { metricsPort } = pluginServer.readyLine as { metricsPort: number };
    const { proxyPort } = gateway.readyLine as { proxyPort: number };
    const own = {
      proxyUrl: `http://127.0.0.1:${proxyPort}`,
      metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
      pluginSocket: join(dir, 'plugins.sock'),
      deckFile,
    };
    return { info: { ...info, ...own }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Deck {
  services: { plugins?: { name: string; config: Record<string, unknown> }[] }[];
}

function changeDeck(text: string, clientAuth: Record<string, unknown> = {}): string {
  const deck = parse(text) as Deck;
  for (const { plugins = [] } of deck.services)
    for (const { name, config } of plugins) if (name === 'client-auth') Object.assign(config, clientAuth);
  return stringify(deck);
}
