import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { startGatewayNode } from './gateway-node.ts';
import { ACME, assertNoBreach, startLoad } from './load.ts';

const DEADLINE_MS = 600;
/** the deadline, a second for the gateway to notice, and what two busy cores may add */
const BOUND_MS = DEADLINE_MS + 1_000 + 1_500;

t.test(
  'plugin server stopped under load: 500 within the deadline and a second, then as before',
  async (t) => {
    const node = await startGatewayNode(t, {
      consumers: [ACME],
      deadlineMs: DEADLINE_MS,
      kinesisDeadlineMs: 500,
    });
    const { cloud, pluginServer } = node;
    const { outcomes, stop } = startLoad(t, node);
    const accepted = (since: number) =>
      outcomes.filter(({ status, startedAt }) => status === 201 && startedAt > since).length;
    await waitUntil('the load runs', () => accepted(0) > 50, { everyMs: 5 });

    const { pid } = pluginServer;
    // a stopped process does not end when asked to
    t.teardown(() => process.kill(pid, 'SIGCONT'));
    process.kill(pid, 'SIGSTOP');
    const stoppedAt = performance.now();
    const during = () => outcomes.filter(({ startedAt }) => startedAt > stoppedAt);
    await waitUntil('every connection had its 500', () => during().length >= 24, { everyMs: 5 });
    const invoked = cloud.invocations.length;
    const answered = during();
    t.same([...new Set(answered.map(({ status }) => status))], [500], 'everyone, whatever the key');
    const slowest = Math.max(...outcomes.map(({ ms }) => ms));
    t.comment(`the slowest answer took ${Math.round(slowest)} ms`);
    t.ok(slowest < BOUND_MS, 'each within the deadline and a second');
    t.ok(Math.min(...answered.map(({ ms }) => ms)) > DEADLINE_MS, 'and none before its deadline');

    process.kill(pid, 'SIGCONT');
    const continuedAt = performance.now();
    await waitUntil('registrations again', () => accepted(continuedAt) > 50, { everyMs: 5 });
    await stop();
    t.equal(pluginServer.restarts, 0, 'the same process');
    t.ok(cloud.invocations.length > invoked);
    assertNoBreach(t, cloud, outcomes);
  },
);
