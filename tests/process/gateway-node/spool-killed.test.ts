import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import type { Kinesis } from './cloud.ts';
import { startGatewayNode } from './gateway-node.ts';
import { takesAll } from './kinesis-failures.ts';
import { ACME, startLoad } from './load.ts';
import { acceptedSince, assertNothingLost, moody, within } from './spool-loss.ts';

t.test('killed -9 at any moment, again and again, also while it drains', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], spool: {}, spoolAfterMs: 20 });
  const { cloud, pluginServer } = node;
  const { outcomes, stop } = startLoad(t, node);
  const moods: [string, Kinesis][] = [
    ['moody', moody],
    ['away', () => 'drop'],
    ['draining', moody],
    ['silent', () => 'hang'],
    ['well', takesAll],
    ['moody', moody],
  ];
  for (const [mood, kinesis] of moods) {
    cloud.kinesis = kinesis;
    const since = performance.now();
    await waitUntil('the load runs', () => acceptedSince(outcomes, since) > 20, { everyMs: 1 });
    await delay(within(150));
    const { pid } = pluginServer;
    process.kill(pid, 'SIGKILL');
    t.comment(`killed while Kinesis is ${mood}`);
    await waitUntil('its supervisor starts it', () => pluginServer.pid !== pid && pluginServer.readyLine, {
      everyMs: 5,
    });
  }
  await stop();
  await assertNothingLost(t, node, outcomes);
  t.ok(new Set(cloud.sent.map(({ stamp }) => stamp.split(' ')[1])).size > 4, 'of many boots');
});
