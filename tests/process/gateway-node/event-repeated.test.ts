import t from 'tap';
import { startService } from '../../../infra/local/service.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { identify } from '../../../lambdas/request.ts';
import { type Cloud, each, registered } from './cloud.ts';
import { pluginServerSpec, startGatewayNode } from './gateway-node.ts';
import { ACME, RIGHT_KEY } from './load.ts';

/** The name by which the function knows a repeat. */
const namesOf = ({ invocations }: Cloud) =>
  invocations.flatMap(({ events }) => events.map((event) => identify(event, '', null).answerKey.key));

/** Runs once, when the function is at work for the first time; that invocation is never answered. */
function atFirstInvocation(cloud: Cloud, run: () => unknown): void {
  cloud.lambda = async (invocation) => {
    if (cloud.invocations.length > 1) return each(invocation, registered);
    await run();
    return 'hang';
  };
}

t.test('plugin server killed while its successor listens: the gateway repeats the event', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], deadlineMs: 20_000 });
  const { cloud, pluginServer } = node;
  atFirstInvocation(cloud, async () => {
    // takes over the socket; connections that are open stay with the first one
    const successor = await startService(pluginServerSpec(node, 'successor'));
    t.teardown(() => successor.stop());
    process.kill(pluginServer.pid, 'SIGKILL');
  });
  const { status, headers, acknowledged } = await node.ask({ headers: RIGHT_KEY });
  t.equal(status, 201, 'the client notices nothing');
  t.ok(acknowledged);
  const name = `request:${headers['x-kong-request-id']}`;
  t.same(namesOf(cloud), [name, name], 'the same name twice: the function gives its first answer again');
  t.equal(cloud.sent.length, 1, 'forwarded once');
});

t.test("plugin server killed and nobody there: 500, and the client's retry has the same name", async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME] });
  const { cloud, pluginServer } = node;
  const headers = { ...RIGHT_KEY, 'idempotency-key': 'of-the-client' };
  atFirstInvocation(cloud, () => process.kill(pluginServer.pid, 'SIGKILL'));
  t.equal((await node.ask({ headers })).status, 500);
  const retried = await waitUntil('the retry is accepted', async () => {
    const answer = await node.ask({ headers });
    return answer.status === 201 ? answer : undefined;
  });
  t.ok(retried.acknowledged);
  t.same(namesOf(cloud), ['key:of-the-client', 'key:of-the-client']);
});
