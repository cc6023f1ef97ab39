import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../../infra/local/paths.ts';
import type { RunInfo } from '../../infra/local/run-info.ts';
import { type Service, startService } from '../../infra/local/service.ts';

export interface AblatedGateway {
  /** the stack with this gateway and plugin server in front */
  info: RunInfo;
  pids: { gateway: number; 'plugin-server': number };
  stop(): Promise<void>;
}

export interface Ablation {
  /** a module the plugin server, or the gateway, loads before it starts */
  preload?: string;
  gatewayPreload?: string;
  /** changes a plugin's configuration wherever it stands */
  plugins?: Record<string, Record<string, unknown>>;
  env?: (part: string) => Record<string, string>;
}

/** One more gateway and plugin server before the same functions, stream and databases, a part of them changed. */
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
      env: { PISTATS_SOCKET: join(dir, 'plugins.sock'), ...env, ...ablation.env?.(name) },
      logFile: join(dir, `${name}.log`),
    });
    services.push(service);
    return service;
  };
  try {
    const deckFile = join(dir, 'deck.yaml');
    writeFileSync(deckFile, changeDeck(readFileSync(info.deckFile, 'utf8'), ablation.plugins));
    const preload = (module: string | undefined) => (module ? ['--import', module] : []);
    const server = [...preload(ablation.preload), join(ROOT, 'kong/plugin-server/main.ts')];
    const pluginServer = await part('plugin-server', server, {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_KINESIS: info.kinesisUrl,
      AWS_ENDPOINT_URL_LAMBDA: info.lambdaUrl,
      PISTATS_METRICS_PORT: '0',
      PISTATS_NODE: 'ablated',
      PISTATS_SPOOL_DIR: join(dir, 'spool'),
    });
    const main = join(ROOT, 'infra/local/gateway/main.ts');
    const proxy = [...preload(ablation.gatewayPreload), main, '--declarative', deckFile, '--proxy-port', '0'];
    const gateway = await part('gateway', proxy, {
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
    const pids = { gateway: gateway.pid, 'plugin-server': pluginServer.pid };
    return { info: { ...info, ...own }, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Plugins = { name: string; config: Record<string, unknown> }[];
interface Deck {
  services: { plugins?: Plugins; routes: { plugins?: Plugins }[] }[];
}

function changeDeck(text: string, changes: Ablation['plugins'] = {}): string {
  const deck = parse(text) as Deck;
  const all = deck.services.flatMap(({ plugins = [], routes }) => [
    ...plugins,
    ...routes.flatMap((route) => route.plugins ?? []),
  ]);
  for (const { name, config } of all) Object.assign(config, changes[name]);
  return stringify(deck);
}
