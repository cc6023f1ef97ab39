import { readFileSync } from 'node:fs';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import type { Kinesis } from './cloud.ts';
import { startGatewayNode } from './gateway-node.ts';
import { takesAll } from './kinesis-failures.ts';
import { ACME, startLoad, statuses } from './load.ts';
import { acceptedSince, assertNothingLost, moody } from './spool-loss.ts';

t.test('SIGTERM under load: what is queued is sent or fsynced, then exit 0', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], spool: {} });
  const { cloud, pluginServer } = node;
  const { outcomes, stop } = startLoad(t, node);
  const moods: Kinesis[] = [takesAll, moody, () => 'drop'];
  for (const kinesis of moods) {
    cloud.kinesis = kinesis;
    const since = performance.now();
    await waitUntil('the load runs', () => acceptedSince(outcomes, since) > 30, { everyMs: 1 });
    const { pid } = pluginServer;
    process.kill(pid, 'SIGTERM');
    await waitUntil(
      'it ended and was started again',
      () => pluginServer.pid !== pid && pluginServer.readyLine,
      {
        everyMs: 5,
      },
    );
  }
  await stop();
  const ends = readFileSync(pluginServer.logFile, 'utf8').match(/ended: \S+/g);
  t.same(ends, Array(moods.length).fill('ended: 0'));
  await assertNothingLost(t, node, outcomes);
  t.same(
    statuses(outcomes, 'right').filter((status) => ![0, 201, 500, 503].includes(status)),
    [],
  );
});
