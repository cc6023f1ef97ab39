import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { each, registered } from './cloud.ts';
import { startGatewayNode } from './gateway-node.ts';
import { ACME, assertNoBreach, startLoad, statuses } from './load.ts';

const KONG_500 = /^\{\s*"message":\s*"An unexpected error occurred"/;

t.test('plugin server killed -9 under load: 500, nobody let in, and it comes back by itself', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME] });
  const { cloud, pluginServer, gateway } = node;
  cloud.lambda = async (invocation) => {
    await delay(20);
    return each(invocation, registered);
  };
  const { outcomes, stop } = startLoad(t, node);
  const accepted = (since: number) =>
    outcomes.filter(({ status, startedAt }) => status === 201 && startedAt > since).length;
  await waitUntil('the load runs', () => accepted(0) > 100, { everyMs: 5 });
  t.same(statuses(outcomes, 'right'), [201]);

  for (const round of [1, 2]) {
    const { pid } = pluginServer;
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    const failed = () => outcomes.some(({ status, startedAt }) => status === 500 && startedAt > killedAt);
    await waitUntil('the gateway answers without it', failed, { everyMs: 5 });
    await waitUntil('registrations again', () => accepted(killedAt) > 50, { everyMs: 5, timeoutMs: 15_000 });
    t.comment(`kill ${round}: served again after ${Math.round(performance.now() - killedAt)} ms`);
    t.equal(pluginServer.restarts, round, 'started by its supervisor');
    t.not(pluginServer.pid, pid);
  }
  await stop();

  assertNoBreach(t, cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [201, 500]);
  for (const sender of ['wrong', 'stranger', 'none'])
    t.same(statuses(outcomes, sender), [401, 500], `${sender}: refused, or not served`);
  const failures = outcomes.filter(({ status }) => status === 500);
  t.same(
    failures.map(({ body }) => body).filter((body) => !KONG_500.test(body)),
    [],
    "the 500 is Kong's own, without a detail",
  );
  t.equal(gateway.restarts, 0);
});
