import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../infra/local/free-port.ts';
import { startScheduler } from '../../infra/local/scheduler.ts';
import type { Tools } from '../../infra/local/setup.ts';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { prepareTestClients } from '../support/test-clients.ts';
import { type AwsProxy, startAwsProxy } from './aws-proxy.ts';
import type { Databases } from './stored-rows.ts';

export type FcmBehaviour = 'ok' | 429 | 503 | 'hang';

/** The whole system, durable, with proxies before Kinesis and Lambda, and what a fault needs of it. */
export interface System extends Databases {
  stack: Stack;
  runFile: string;
  spoolDir: string;
  kinesis: AwsProxy;
  lambda: AwsProxy;
  /** what FCM answers to everything from now on; gives how many calls it has refused so far */
  setFcm(behaviour: FcmBehaviour): Promise<number>;
  stop(): Promise<void>;
}

const RECONCILE_EVERY_MS = 1_000;

export async function startSystem(options: {
  tools: Tools;
  dataDir: string;
  pluginServerEnv?: Record<string, string>;
  say: (line: string) => void;
}): Promise<System> {
  const { tools, dataDir, say } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const spoolDir = join(dataDir, 'spool');
  const proxies = new Map<string, AwsProxy>();
  const closeProxies = () => Promise.all([...proxies.values()].map((proxy) => proxy.close()));
  const stack = await startStack({
    tools,
    dataDir,
    // a gateway that is started again must be where it was
    proxyPort: await freePort(),
    durable: true,
    shards: 2,
    say,
    pluginServerEnv: options.pluginServerEnv,
    async awsEndpoint(service, url) {
      const proxy = await startAwsProxy(url);
      proxies.set(service, proxy);
      return proxy.url;
    },
    ...prepareTestClients(dataDir),
  }).catch(async (error: Error) => {
    // one that listens on keeps the process alive for good
    await closeProxies();
    throw error;
  });
  const { info } = stack;
  const scheduler = startScheduler(info.lambdaUrl, RECONCILE_EVERY_MS);
  const pool = (connectionString: string) => {
    const made = new pg.Pool({
      connectionString,
      max: 2,
      connectionTimeoutMillis: 2_000,
      query_timeout: 10_000,
    });
    made.on('error', () => {}); // PostgreSQL is one of those that are killed
    return made;
  };
  const registry = pool(info.registryUrl);
  const analytics = pool(info.analyticsUrl);
  const [kinesis, lambda] = ['kinesis', 'lambda'].map((name) => proxies.get(name)) as [AwsProxy, AwsProxy];
  return {
    stack,
    runFile: join(dataDir, 'run.json'),
    spoolDir,
    kinesis,
    lambda,
    registry,
    analytics,
    setFcm: (behaviour) => setFcm(info.fcmUrl, readFileSync(info.fcmCa, 'utf8'), behaviour),
    async stop() {
      scheduler.stop();
      await Promise.allSettled([registry.end(), analytics.end()]);
      await stack.stop();
      await closeProxies();
    },
  };
}

function setFcm(url: string, ca: string, behaviour: FcmBehaviour): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/behaviour`, { method: 'PUT', ca }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve((JSON.parse(text) as { refused: number }).refused);
    });
    call.on('error', reject);
    call.end(String(behaviour));
  });
}
