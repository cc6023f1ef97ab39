import { readFileSync } from 'node:fs';
import t from 'tap';
import { startService } from '../../../infra/local/service.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { pluginServerSpec, startGatewayNode } from './gateway-node.ts';
import { ACME, startLoad } from './load.ts';
import { acceptedSince, assertNothingLost } from './spool-loss.ts';

t.test(
  'two plugin servers on one spool: the second takes over when the first is killed, not before',
  async (t) => {
    const node = await startGatewayNode(t, { consumers: [ACME], spool: {}, spoolAfterMs: 20 });
    const { cloud, pluginServer } = node;
    cloud.kinesis = () => 'drop';
    const { outcomes, stop } = startLoad(t, node);
    await waitUntil('2xx from the spool', () => acceptedSince(outcomes, 0) > 50, { everyMs: 5 });
    const boots = () => new Set(cloud.sent.map(({ stamp }) => stamp.split(' ')[1]));
    t.equal(boots().size, 1);
    // takes over the socket for new connections
    const successor = await startService(pluginServerSpec(node, 'successor'));
    t.teardown(() => successor.stop());
    const overlap = performance.now();
    await waitUntil('both are at work', () => acceptedSince(outcomes, overlap) > 50, { everyMs: 5 });
    t.notMatch(
      readFileSync(successor.logFile, 'utf8'),
      /of an earlier process/,
      'a living one keeps its own',
    );
    process.kill(pluginServer.pid, 'SIGKILL');
    await waitUntil(
      'it is missed',
      () => /of an earlier process/.test(node.logs() + readFileSync(successor.logFile, 'utf8')),
      {
        everyMs: 20,
      },
    );
    await stop();
    await assertNothingLost(t, node, outcomes);
  },
);
