import { join } from 'node:path';
import t from 'tap';
import { freePort } from '../../../infra/local/free-port.ts';
import { STATE_DIR } from '../../../infra/local/paths.ts';
import { installRedis, startRedis } from '../../../infra/local/redis.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { createRedisAnswerCache } from '../../../lambdas/adapters/redis-answer-cache.ts';
import { tempDir } from '../../support/temp-dir.ts';

const KEY = { client: 'demo', scope: 's', key: 'k' };
const STORED = { fingerprint: 'f', answer: { status: 204, body: null, events: [] } };
const GETS = 400;
/** What each of them would wait. */
const COMMAND_TIMEOUT_MS = 50;

t.test(
  'a Redis that is stopped costs the requests behind it no time; it is asked again once it goes on',
  async (t) => {
    const { service, url } = await startRedis({
      binary: installRedis(join(STATE_DIR, 'tools'), () => {}),
      port: await freePort(),
      logFile: join(tempDir(t), 'redis.log'),
    });
    t.teardown(() => service.stop());
    const cache = createRedisAnswerCache(url);
    t.teardown(() => cache.close());
    const stored = () =>
      waitUntil('an answer', async () => {
        await cache.set([{ ...KEY, ...STORED }]);
        return (await cache.get([KEY]))[0];
      });
    t.same(await stored(), STORED);
    process.kill(service.pid, 'SIGSTOP');
    const startedAt = performance.now();
    for (let i = 0; i < GETS; i++) t.same(await cache.get([KEY]), [undefined]);
    const ms = performance.now() - startedAt;
    t.ok(ms < (GETS * COMMAND_TIMEOUT_MS) / 4, `${GETS} in ${Math.round(ms)} ms`);
    process.kill(service.pid, 'SIGCONT');
    t.same(await stored(), STORED);
  },
);
