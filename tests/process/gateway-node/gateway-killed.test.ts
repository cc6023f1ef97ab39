import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { startGatewayNode } from './gateway-node.ts';
import { ACME, assertNoBreach, startLoad, statuses } from './load.ts';

t.test('gateway killed -9 under load: what was answered 2xx was durable before', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME] });
  const { cloud, gateway, pluginServer } = node;
  cloud.kinesis = async (records) => {
    await delay(30);
    return records.map(() => true);
  };
  const { outcomes, stop } = startLoad(t, node);
  const accepted = (since: number) =>
    outcomes.filter(({ status, startedAt }) => status === 201 && startedAt > since).length;
  await waitUntil('the load runs', () => accepted(0) > 100, { everyMs: 5 });

  const killedAt = performance.now();
  process.kill(gateway.pid, 'SIGKILL');
  await waitUntil('registrations again', () => accepted(killedAt) > 100, { everyMs: 5, timeoutMs: 15_000 });
  t.comment(`served again after ${Math.round(performance.now() - killedAt)} ms`);
  await stop();

  t.equal(gateway.restarts, 1);
  t.equal(pluginServer.restarts, 0, 'the plugin server outlives the gateway');
  t.notMatch(node.logs(), /plugin_failed/, 'and takes lost connections for no fault of a plugin');
  assertNoBreach(t, cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [0, 201], 'an answer, or none at all');
  for (const sender of ['wrong', 'stranger', 'none']) t.same(statuses(outcomes, sender), [0, 401], sender);
  const answered = outcomes.filter(({ status }) => status === 201).length;
  t.ok(cloud.acknowledged.size >= answered, 'what was cut off may be durable as well: its retry finds it');
});
