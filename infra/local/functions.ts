import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTION_TIMEOUT_MS, RECONCILE_TIMEOUT_MS } from '../../lambdas/time-limits.ts';
import { ROOT } from './paths.ts';

/** A function as the local Lambda service reads it. */
export interface FunctionDefinition {
  name: string;
  codeDir: string;
  handler: string;
  /** MB */
  memory: number;
  timeoutMs: number;
  /** reserved concurrency: the shield of the database */
  concurrency: number;
  /** an environment idle for longer is ended */
  idleMs: number;
  env: Record<string, string>;
}

/** Reserved concurrency of each function. */
export const CONCURRENCY = { registrations: 10, subscriptions: 10, reconcile: 1 };

export function functionDefinitions(options: {
  databaseUrl: string;
  redisUrl: string;
  deviceTokenSecrets: string;
  firebaseCredentialsDir: string;
  fcmCa: string;
  fcmPort: number;
}): FunctionDefinition[] {
  const env = {
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    DEVICE_TOKEN_SECRETS: options.deviceTokenSecrets,
  };
  const define = (
    name: keyof typeof CONCURRENCY,
    rest: Partial<FunctionDefinition> = {},
  ): FunctionDefinition => ({
    name: `pistats-${name}`,
    codeDir: join(ROOT, 'dist/lambdas', name),
    handler: 'index.handler',
    memory: 512,
    timeoutMs: FUNCTION_TIMEOUT_MS,
    concurrency: CONCURRENCY[name],
    idleMs: 300_000,
    env,
    ...rest,
  });
  return [
    define('registrations'),
    define('subscriptions'),
    define('reconcile', {
      timeoutMs: RECONCILE_TIMEOUT_MS,
      env: {
        ...env,
        FIREBASE_CREDENTIALS_DIR: options.firebaseCredentialsDir,
        NODE_EXTRA_CA_CERTS: options.fcmCa,
        FAKE_FCM_PORT: String(options.fcmPort),
        NODE_OPTIONS: `--import ${join(ROOT, 'infra/local/fcm/redirect.mjs')}`,
      },
    }),
  ];
}

/** The device tokens' secret of this stack: made once, kept with its state. */
export function deviceTokenSecrets(dataDir: string): string {
  const file = join(dataDir, 'device-token-secrets.json');
  if (!existsSync(file))
    writeFileSync(file, JSON.stringify({ k1: randomBytes(32).toString('base64url') }), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
