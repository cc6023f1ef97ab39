import type { PluginEntity } from './config-types.ts';
import type { RequestContext } from './context.ts';
import { errorExit } from './error-response.ts';
import type { Log } from './log.ts';
import type { Plugin } from './plugin.ts';
import {
  type Counters,
  localCounters,
  PERIODS,
  type Period,
  type RedisConfig,
  redisCounters,
  windowStart,
} from './rate-limit-counters.ts';
import { firstHeader } from './request-headers.ts';
import type { FieldSchema } from './schema.ts';

const NO_ID = '00000000-0000-0000-0000-000000000000';
const PERIOD_NAMES = Object.keys(PERIODS) as Period[];
/** Until Kong 3.8 these stood beside the others, as redis_host and so on. */
// biome-ignore format: a list
const REDIS_FIELDS = ['host', 'port', 'password', 'username', 'ssl', 'ssl_verify', 'server_name', 'timeout', 'database'];
const limit: FieldSchema = { type: 'number', gt: 0 };
const flag: FieldSchema = { type: 'boolean', default: false };

function identifier(ctx: RequestContext, { config }: PluginEntity): string {
  const by = config.limit_by;
  let id: string | undefined;
  if (by === 'service') id = ctx.service?.id;
  else if (by === 'consumer') id = ctx.consumer?.id ?? ctx.credential?.id;
  else if (by === 'credential') id = ctx.credential?.id;
  else if (by === 'header') id = firstHeader(ctx.headers, config.header_name as string);
  else if (by === 'path' && ctx.path === config.path) id = ctx.path;
  return id ?? ctx.clientIp;
}

const title = (period: Period) => `${period[0]?.toUpperCase()}${period.slice(1)}`;

/** The headers of draft-ietf-httpapi-ratelimit-headers and Kong's own, for the window nearest to its end. */
function limitHeaders(
  usage: { period: Period; limit: number; remaining: number }[],
  exceeded: Period | undefined,
  now: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  let tightest: { period: Period; limit: number; remaining: number } | undefined;
  for (const { period, limit, remaining: before } of usage) {
    const counted = exceeded === undefined || exceeded === period;
    const remaining = Math.max(0, counted ? before - 1 : before);
    headers[`X-RateLimit-Limit-${title(period)}`] = `${limit}`;
    headers[`X-RateLimit-Remaining-${title(period)}`] = `${remaining}`;
    if (
      !tightest ||
      remaining < tightest.remaining ||
      (remaining === tightest.remaining && PERIODS[period] > PERIODS[tightest.period])
    )
      tightest = { period, limit, remaining };
  }
  if (!tightest) return headers;
  const elapsed = Math.floor((now - windowStart(tightest.period, now)) / 1000);
  headers['RateLimit-Limit'] = `${tightest.limit}`;
  headers['RateLimit-Remaining'] = `${tightest.remaining}`;
  headers['RateLimit-Reset'] = `${Math.max(1, PERIODS[tightest.period] - elapsed)}`;
  return headers;
}

function check(config: Record<string, unknown>): string | undefined {
  const set = PERIOD_NAMES.filter((period) => config[period] !== undefined);
  if (set.length === 0) return `at least one of these fields must be non-empty: ${PERIOD_NAMES.join(', ')}`;
  for (const [i, period] of set.slice(1).entries()) {
    const shorter = set[i] as Period;
    if ((config[period] as number) < (config[shorter] as number))
      return `The limit for ${period}(${config[period]}) cannot be lower than the limit for ${shorter}(${config[shorter]})`;
  }
  const { host } = config.redis as Partial<RedisConfig>;
  if (config.policy === 'redis' && host === undefined) return 'redis.host: required field missing';
  if (config.limit_by === 'header' && config.header_name === undefined)
    return 'header_name: required field missing';
  if (config.limit_by === 'path' && config.path === undefined) return 'path: required field missing';
  return undefined;
}

/** Counters are kept per Redis database (or once, locally) and shared by every configuration and reload. */
export function rateLimiting(log: Log, now: () => number = Date.now): Plugin & { close(): void } {
  const counters = new Map<string, Counters>();
  const countersOf = ({ config }: PluginEntity): Counters => {
    const redis = config.redis as RedisConfig;
    const key = config.policy === 'redis' ? JSON.stringify(redis) : 'local';
    let found = counters.get(key);
    if (!found) {
      found = config.policy === 'redis' ? redisCounters(redis) : localCounters(now);
      counters.set(key, found);
    }
    return found;
  };

  return {
    name: 'rate-limiting',
    priority: 910,
    check,
    schema: {
      fields: [
        ...PERIOD_NAMES.map((period) => ({ [period]: limit })),
        {
          limit_by: {
            type: 'string',
            default: 'consumer',
            one_of: ['consumer', 'credential', 'ip', 'service', 'header', 'path'],
          },
        },
        { header_name: { type: 'string' } },
        { path: { type: 'string', starts_with: '/' } },
        {
          policy: {
            type: 'string',
            default: 'local',
            one_of: ['local', 'cluster', 'redis'],
            check: (value: string) =>
              value === 'cluster' ? "'cluster' is not supported by the embedded gateway" : undefined,
          },
        },
        { fault_tolerant: { type: 'boolean', required: true, default: true } },
        {
          redis: {
            type: 'record',
            required: true,
            fields: [
              { host: { type: 'string' } },
              { port: { type: 'integer', default: 6379, between: [0, 65_535] } },
              { timeout: { type: 'integer', default: 2000, between: [0, 2_147_483_646] } },
              { username: { type: 'string' } },
              { password: { type: 'string', len_min: 0 } },
              { database: { type: 'integer', default: 0 } },
              { ssl: flag },
              { ssl_verify: flag },
              { server_name: { type: 'string' } },
            ],
          },
        },
        { hide_client_headers: { type: 'boolean', required: true, default: false } },
        { error_code: { type: 'number', default: 429, gt: 0 } },
        { error_message: { type: 'string', default: 'API rate limit exceeded' } },
        {
          sync_rate: {
            type: 'number',
            required: true,
            default: -1,
            check: (value: number) =>
              value === -1 ? undefined : 'other than -1 is not supported by the embedded gateway',
          },
        },
      ],
      shorthands: Object.fromEntries(REDIS_FIELDS.map((field) => [`redis_${field}`, ['redis', field]])),
    },
    async access(ctx, entity, state) {
      const { config } = entity;
      const time = now();
      const scope = `ratelimit:${entity.route?.id ?? NO_ID}:${entity.service?.id ?? NO_ID}:${identifier(ctx, entity)}`;
      const error = { accept: firstHeader(ctx.headers, 'accept'), requestId: ctx.requestId };
      const usage: { period: Period; limit: number; remaining: number }[] = [];
      let exceeded: Period | undefined;
      try {
        for (const period of PERIOD_NAMES) {
          const allowed = config[period] as number | undefined;
          if (allowed === undefined) continue;
          const key = `${scope}:${windowStart(period, time)}:${period}`;
          const remaining = allowed - (await countersOf(entity).count(key, period));
          usage.push({ period, limit: allowed, remaining });
          if (remaining <= 0) exceeded = period;
        }
      } catch (failure) {
        log('err', 'rate-limiting: failed to get usage', { reason: (failure as Error).message });
        if (!config.fault_tolerant) ctx.exit = errorExit(500, error);
        return;
      }
      const headers = config.hide_client_headers ? {} : limitHeaders(usage, exceeded, time);
      state.set('headers', headers);
      if (exceeded === undefined) return;
      const reset = headers['RateLimit-Reset'];
      ctx.exit = errorExit(
        config.error_code as number,
        error,
        config.error_message as string,
        reset === undefined ? {} : { 'Retry-After': reset },
      );
    },
    headerFilter(ctx, _entity, state) {
      for (const [name, value] of Object.entries((state.get('headers') ?? {}) as Record<string, string>))
        ctx.responseHeaders.set(name, value);
    },
    close() {
      for (const open of counters.values()) open.close();
      counters.clear();
    },
  };
}
