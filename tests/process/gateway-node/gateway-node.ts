import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { formatKeyTag, type KeyKind, keyDigest } from '../../../contracts/api-key.ts';
import { consumerId } from '../../../contracts/consumer-id.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { type Service, startService } from '../../../infra/local/service.ts';
import { socketDir } from '../../support/server-fixture.ts';
import { type Cloud, startCloud } from './cloud.ts';

/** Part of every key: what is looked for in logs. */
export const CANARY = 'canary';
export const ORIGIN = 'https://www.example.com';

export const makeKey = (kind: KeyKind, client: string) =>
  `${kind}_${client}_${CANARY}${randomBytes(20).toString('base64url')}`;
export const tagOf = (key: string, expires: string | null = null) =>
  formatKeyTag({ kind: key.slice(0, 2) as KeyKind, digest: keyDigest(key), expires });

export interface Consumer {
  username: string;
  id: string;
  tags: string[];
}
export const consumer = (username: string, ...tags: string[]): Consumer => ({
  username,
  id: consumerId(username),
  tags: [`origin:${new URL(ORIGIN).host}`, ...tags],
});

export interface Answer {
  /** 0: none */
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  ms: number;
  /** whether Kinesis had acknowledged the request's events when its answer arrived */
  acknowledged: boolean;
}
export interface Ask {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface GatewayNode {
  cloud: Cloud;
  pluginServer: Service;
  gateway: Service;
  dir: string;
  socket: string;
  /** none: without a spool */
  spoolEnv: Record<string, string> | undefined;
  spoolDir: string;
  /** replaces the consumers of the decK file, and has the gateway read it */
  setConsumers(consumers: Consumer[]): void;
  ask(ask: Ask): Promise<Answer>;
  logs(): string;
}

interface Options {
  consumers: Consumer[];
  /** of lambda-invoke; the gateway waits for a plugin one second longer */
  deadlineMs?: number;
  kinesisDeadlineMs?: number;
  spoolAfterMs?: number;
  /** the plugin server has a spool: what is set of its environment beside the folder */
  spool?: {
    PISTATS_SPOOL_MAX_BYTES?: string;
    PISTATS_SPOOL_MAX_MINUTES?: string;
    PISTATS_SPOOL_DIR?: string;
  };
  /** what else differs from deck.yaml in lambda-invoke's configuration */
  lambda?: Record<string, unknown>;
}

export const BODY = JSON.stringify({
  property: 'www',
  device: { installationId: 'installation-1', platform: 'web' },
});

interface Deck {
  services: { plugins: DeckPlugin[]; routes: { plugins?: DeckPlugin[] }[] }[];
  consumers: Consumer[];
}
interface DeckPlugin {
  name: string;
  config: Record<string, unknown>;
}

/** Our own deck.yaml with test clients and short deadlines. */
function deckFor({ consumers, deadlineMs, kinesisDeadlineMs, spoolAfterMs, lambda }: Options): Deck {
  const deck = parse(readFileSync(join(ROOT, 'deck.yaml'), 'utf8')) as Deck;
  const changes: Record<string, object> = {
    // the load comes from one address
    'client-auth': { rate: 0 },
    'lambda-invoke': { deadline_ms: deadlineMs, ...lambda },
    'kinesis-forward': { deadline_ms: kinesisDeadlineMs, spool_after_ms: spoolAfterMs },
  };
  for (const { plugins, routes } of deck.services)
    for (const { name, config } of [...plugins, ...routes.flatMap((route) => route.plugins ?? [])])
      if (config) Object.assign(config, changes[name]);
  return { ...deck, consumers };
}

export function pluginServerSpec(
  node: Pick<GatewayNode, 'cloud' | 'dir' | 'socket' | 'spoolEnv'>,
  name = 'plugin-server',
) {
  return {
    name,
    command: process.execPath,
    args: [join(ROOT, 'kong/plugin-server/main.ts')],
    env: {
      PISTATS_SOCKET: node.socket,
      PISTATS_METRICS_PORT: '0',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_LAMBDA: node.cloud.url,
      AWS_ENDPOINT_URL_KINESIS: node.cloud.url,
      ...node.spoolEnv,
    },
    logFile: join(node.dir, `${name}.log`),
    stopTimeoutMs: 1_000,
  };
}

/** The gateway and the plugin server as processes of their own under supervision; AWS is in this process. */
export async function startGatewayNode(
  t: Parameters<typeof socketDir>[0],
  options: Options,
): Promise<GatewayNode> {
  const given = { deadlineMs: 1_500, kinesisDeadlineMs: 1_000, spoolAfterMs: 200, ...options };
  const cloud = await startCloud(t);
  const dir = socketDir(t);
  const socket = join(dir, 's');
  const deckFile = join(dir, 'deck.yaml');
  const write = (consumers: Consumer[]) =>
    writeFileSync(deckFile, stringify(deckFor({ ...given, consumers })));
  write(given.consumers);
  const agent = new Agent({ keepAlive: true });
  const spoolDir = options.spool?.PISTATS_SPOOL_DIR ?? join(dir, 'spool');
  const spoolEnv = options.spool && { ...options.spool, PISTATS_SPOOL_DIR: spoolDir };
  const pluginServer = await startService(pluginServerSpec({ cloud, dir, socket, spoolEnv }));
  t.teardown(() => pluginServer.stop());
  const gateway = await startService({
    name: 'gateway',
    command: process.execPath,
    args: [join(ROOT, 'infra/local/gateway/main.ts'), '--declarative', deckFile, '--proxy-port', '0'],
    env: {
      PISTATS_SOCKET: socket,
      PISTATS_DUMPS_DIR: join(ROOT, 'dist/plugins/dumps'),
      PISTATS_PLUGIN_TIMEOUT_MS: String(given.deadlineMs + 1_000),
      PISTATS_LOG_LEVEL: 'debug',
      // rate-limiting lets pass what it can't count
      DECK_REDIS_HOST: '127.0.0.1',
      DECK_REDIS_PORT: '1',
    },
    logFile: join(dir, 'gateway.log'),
    stopTimeoutMs: 1_000,
  });
  t.teardown(() => gateway.stop());
  t.teardown(() => agent.destroy());

  return {
    cloud,
    pluginServer,
    gateway,
    dir,
    socket,
    spoolEnv,
    spoolDir,
    setConsumers(consumers) {
      write(consumers);
      process.kill(gateway.pid, 'SIGHUP');
    },
    ask: (ask) => send(ask, gateway.readyLine?.proxyPort as number | undefined, agent, cloud),
    logs: () => [pluginServer, gateway].map(({ logFile }) => readFileSync(logFile, 'utf8')).join('\n'),
  };
}

function send(ask: Ask, port: number | undefined, agent: Agent, cloud: Cloud): Promise<Answer> {
  const { method = 'POST', path = '/v1/registrations', headers = {}, body = BODY } = ask;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const none = () =>
      resolve({ status: 0, headers: {}, body: '', ms: performance.now() - startedAt, acknowledged: false });
    if (port === undefined) return none();
    const all = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    };
    const outgoing = request(
      { agent, host: '127.0.0.1', port, method, path, headers: all, timeout: 20_000 },
      (incoming) => {
        const acknowledged = cloud.acknowledged.has(String(incoming.headers['x-kong-request-id']));
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', none);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString(),
            ms: performance.now() - startedAt,
            acknowledged,
          }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', none);
    outgoing.end(body);
  });
}
