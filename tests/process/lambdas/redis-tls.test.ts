import { randomUUID } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { causeOf } from '../../../contracts/failure-log.ts';
import { readRunInfo } from '../../../infra/local/run-info.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createRedisAnswerCache } from '../../../lambdas/adapters/redis-answer-cache.ts';
import type { StoredAnswer } from '../../../lambdas/ports/answers.ts';
import { tlsTerminator } from '../../support/tls-terminator.ts';

const { hostname, port } = new URL(readRunInfo().redisUrl);
const admin = new Redis({ host: hostname, port: Number(port || 6379) });
const user = `functions-${randomUUID()}`;
await admin.call('ACL', 'SETUSER', user, 'on', '>hunter2', '~pistats:answer:*', '+@all');
t.teardown(async () => {
  await admin.call('ACL', 'DELUSER', user);
  admin.disconnect();
});
const tls = await tlsTerminator(t, Number(port || 6379));
const url = (password: string) => `rediss://${user}:${password}@127.0.0.1:${tls.port}`;

function cacheOf(t: Test, password = 'hunter2') {
  const causes: string[] = [];
  const cache = createRedisAnswerCache(
    url(password),
    (code, error) => void causes.push(`${code} ${causeOf(error)}`),
  );
  t.teardown(() => cache.close());
  return { cache, causes };
}
const key = () => ({ client: 'demo', scope: 'test', key: randomUUID() });
const answer: StoredAnswer = { fingerprint: 'f', answer: { status: 201, body: null, events: [] } };

t.test('an authority that this process does not trust: told, and nobody waits', async (t) => {
  const { cache, causes } = cacheOf(t);
  await waitUntil('it to be told', () => causes.length > 0);
  t.match(causes[0], /^answer_cache_unavailable (?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/);
  t.same(await cache.get([key()]), [undefined]);
});

t.test('rediss:// with a login, by an authority of one’s own (NODE_EXTRA_CA_CERTS)', async (t) => {
  const trusted = getCACertificates();
  setDefaultCACertificates([...trusted, tls.ca]);
  t.teardown(() => setDefaultCACertificates(trusted));
  const { cache, causes } = cacheOf(t);
  const one = key();
  await waitUntil('an answer to be kept', async () => {
    await cache.set([{ ...one, ...answer }]);
    return (await cache.get([one]))[0];
  });
  t.same(await cache.get([one]), [answer]);
  t.same(causes, []);
  await admin.del(`pistats:answer:${JSON.stringify(['demo', 'test', one.key])}`);

  const wrong = cacheOf(t, 'another');
  await waitUntil('it to be told', () => wrong.causes.length > 0);
  t.match(wrong.causes[0], /^answer_cache_unavailable (?:WRONGPASS|ReplyError)$/);
});
