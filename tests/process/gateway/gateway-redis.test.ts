import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import t from 'tap';
import { readRunInfo } from '../../../infra/local/run-info.ts';
import { ask, gatewayFor, service } from '../../support/gateway-fixture.ts';

t.test('two gateways with one Redis share the count of rate-limiting', async (t) => {
  const { hostname, port } = new URL(readRunInfo().redisUrl);
  const id = randomUUID();
  const redis = new Redis({ host: hostname, port: Number(port || 6379) });
  t.teardown(async () => {
    const keys = await redis.keys(`ratelimit:*${id}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const yaml = service(`  id: ${id}
  routes: [{name: r, paths: ["/"]}]
  plugins:
  - name: rate-limiting
    config: {year: 3, limit_by: ip, policy: redis, redis: {host: "${hostname}", port: ${port || 6379}}}
  - {name: request-termination, config: {status_code: 200}}`);
  const gateways = [await gatewayFor(t, yaml), await gatewayFor(t, yaml)];
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ask(gateways[i % 2]?.proxyPort as number, '/')).status);
  t.same(statuses, [200, 200, 200, 429, 429, 429]);
  const [key] = await redis.keys(`ratelimit:*${id}*`);
  t.match(
    key,
    new RegExp(`^ratelimit:00000000-0000-0000-0000-000000000000:${id}:127\\.0\\.0\\.1:\\d+:year$`),
  );
  t.ok((await redis.ttl(key as string)) > 0);
});
