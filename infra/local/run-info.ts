import { readFileSync } from 'node:fs';

/** What a running stack says of itself, in `<data dir>/run.json`; every address is on 127.0.0.1. */
export interface RunInfo {
  /** `http://127.0.0.1:8000`: the gateway */
  proxyUrl: string;
  /** superuser on the server, database `postgres`: lets a test make a database of its own */
  adminUrl: string;
  /** owner of the registry: migrations and the operator's commands */
  registryUrl: string;
  /** owner of the analytics database */
  analyticsUrl: string;
  redisUrl: string;
  /** AWS_ENDPOINT_URL_LAMBDA and AWS_ENDPOINT_URL_KINESIS */
  lambdaUrl: string;
  kinesisUrl: string;
  stream: string;
  /** the FCM stand-in's HTTPS port and the CA that signed its certificate */
  fcmUrl: string;
  fcmCa: string;
  /** the plugin server's socket and its Prometheus metrics */
  pluginSocket: string;
  /** the plugin server's spool, see stream/spool/layout.ts */
  spoolDir: string;
  metricsUrl: string;
  /** the deck.yaml the gateway was started with */
  deckFile: string;
  /** raw API keys of the stack's clients: `keys.demo.pk` */
  keys: Record<string, Record<string, string>>;
  pids: Record<string, number>;
  logDir: string;
}

export function readRunInfo(file = process.env.PISTATS_RUN ?? '.pistats/run.json'): RunInfo {
  return JSON.parse(readFileSync(file, 'utf8')) as RunInfo;
}
