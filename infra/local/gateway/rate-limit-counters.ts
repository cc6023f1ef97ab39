import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';

/** kong/plugins/rate-limiting/expiration.lua: seconds. */
export const PERIODS = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  year: 31_536_000,
} as const;
export type Period = keyof typeof PERIODS;

/** Start of the fixed window that `now` lies in, UTC, milliseconds since the epoch. */
export function windowStart(period: Period, now: number): number {
  const date = new Date(now);
  if (period === 'year') return Date.UTC(date.getUTCFullYear(), 0);
  if (period === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const length = PERIODS[period] * 1000;
  return Math.floor(now / length) * length;
}

export interface Counters {
  /** Counts this request and gives the number counted before it. */
  count(key: string, period: Period): Promise<number>;
  close(): void;
}

export function localCounters(now: () => number = Date.now): Counters {
  const counts = new Map<string, { count: number; expires: number }>();
  let nextSweep = 0;
  return {
    async count(key, period) {
      const time = now();
      if (time >= nextSweep) {
        for (const [old, { expires }] of counts) if (expires <= time) counts.delete(old);
        nextSweep = time + 60_000;
      }
      const entry = counts.get(key);
      if (entry && entry.expires > time) {
        entry.count += 1;
        return entry.count - 1;
      }
      counts.set(key, { count: 1, expires: time + PERIODS[period] * 1000 });
      return 0;
    },
    close() {},
  };
}

/** Kong's own script: counts first, so that concurrent requests can't all see the same number. */
const COUNT = `
local count = redis.call('incr', KEYS[1])
if count == 1 then redis.call('expire', KEYS[1], ARGV[1]) end
return count - 1`;

export interface RedisConfig {
  host: string;
  port: number;
  /** milliseconds, for connecting and for one command */
  timeout: number;
  username?: string;
  password?: string;
  database: number;
  ssl: boolean;
  /** whether the certificate must be one of an authority that this process trusts (NODE_EXTRA_CA_CERTS) */
  ssl_verify: boolean;
  /** the name that the certificate must have; the host, unless it is given */
  server_name?: string;
}

/** SNI takes no address: then the certificate's address is compared. */
function tlsOptions({
  host,
  server_name: name = host,
  ssl_verify: rejectUnauthorized,
}: RedisConfig): ConnectionOptions {
  return { rejectUnauthorized, ...(isIP(name) ? {} : { servername: name }) };
}

/** Connects when asked, as Kong does: while the server is away each count fails at once instead of queueing. */
export function redisCounters(config: RedisConfig): Counters {
  const redis = new Redis({
    host: config.host,
    port: config.port,
    username: config.username,
    password: config.password,
    db: config.database,
    tls: config.ssl ? tlsOptions(config) : undefined,
    lazyConnect: true,
    connectTimeout: config.timeout,
    commandTimeout: config.timeout,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => null,
  });
  redis.on('error', () => {}); // each failed count reports itself
  let connecting: Promise<void> | undefined;
  return {
    async count(key, period) {
      if (redis.status !== 'ready') {
        connecting ??= redis.connect().finally(() => {
          connecting = undefined;
        });
        await connecting;
      }
      return Number(await redis.eval(COUNT, 1, key, PERIODS[period]));
    },
    close() {
      if (redis.status !== 'end') redis.disconnect(); // on an ended one it would hold the process for 2 s
    },
  };
}
