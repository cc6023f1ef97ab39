import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { DECK_DEFAULTS } from '../../../infra/deck/deck-environment.ts';
import { substituteEnv } from '../../../infra/local/gateway/env-template.ts';
import { readRunInfo } from '../../../infra/local/run-info.ts';
import { ask, gatewayFor, service } from '../../support/gateway-fixture.ts';
import { tlsTerminator } from '../../support/tls-terminator.ts';

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

/** The Redis that deck.yaml declares for rate-limiting, as YAML in one line; the gateway counts by it or refuses. */
const DECLARED = (/redis:\n((?: {12}.*\n)+)/.exec(readFileSync('deck.yaml', 'utf8'))?.[1] ?? '')
  .trim()
  .split('\n')
  .map((line) => line.trim())
  .join(', ');

async function limited(t: Test, env: Record<string, string>) {
  const redis = substituteEnv(DECLARED, { ...DECK_DEFAULTS, ...env });
  const yaml = service(`  id: ${randomUUID()}
  routes: [{name: r, paths: ["/"]}]
  plugins:
  - name: rate-limiting
    config: {year: 1, limit_by: ip, policy: redis, fault_tolerant: false, redis: {${redis}}}
  - {name: request-termination, config: {status_code: 200}}`);
  const { proxyPort } = await gatewayFor(t, yaml);
  return [(await ask(proxyPort, '/')).status, (await ask(proxyPort, '/')).status];
}

t.test('the Redis that deck.yaml declares: without a login, with one, over TLS', async (t) => {
  const { hostname, port } = new URL(readRunInfo().redisUrl);
  const admin = new Redis({ host: hostname, port: Number(port || 6379) });
  const user = `limiter-${randomUUID()}`;
  await admin.call('ACL', 'SETUSER', user, 'on', '>a password', '~ratelimit:*', '+@all');
  t.teardown(async () => {
    await admin.call('ACL', 'DELUSER', user);
    admin.disconnect();
  });
  const place = { DECK_REDIS_HOST: hostname, DECK_REDIS_PORT: port || '6379' };
  const login = { DECK_REDIS_USERNAME: user, DECK_REDIS_PASSWORD: 'a password' };
  t.same(await limited(t, place), [200, 429]);
  t.same(await limited(t, { ...place, ...login }), [200, 429]);
  t.same(await limited(t, { ...place, ...login, DECK_REDIS_PASSWORD: 'another' }), [500, 500]);

  const tls = await tlsTerminator(t, Number(port || 6379));
  const secure = { ...place, ...login, DECK_REDIS_PORT: String(tls.port), DECK_REDIS_SSL: 'true' };
  t.same(await limited(t, secure), [500, 500], 'an authority that nobody here trusts');
  const trusted = getCACertificates();
  setDefaultCACertificates([...trusted, tls.ca]);
  t.teardown(() => setDefaultCACertificates(trusted));
  t.same(await limited(t, secure), [200, 429]);
  t.same(await limited(t, { ...secure, DECK_REDIS_SSL: 'false' }), [500, 500]);
});
