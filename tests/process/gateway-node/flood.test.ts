import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { each, registered } from './cloud.ts';
import { consumer, makeKey, startGatewayNode, tagOf } from './gateway-node.ts';
import { type Outcome, startLoad, statuses, withKey } from './load.ts';

const names = ['flood', 'calm', 'quiet'];
const keys = Object.fromEntries(names.map((name) => [name, makeKey('pk', name)]));
const consumers = names.map((name) => consumer(name, tagOf(keys[name] as string)));
const alone = (name: string) => ({ [name]: withKey(keys[name] as string) });

t.test("one client's flood, above all bounds, costs no other client a request", async (t) => {
  // what waits at most is a fraction of what the flood sends at a time
  const lambda = { max_size: 5, max_in_flight: 2, max_queue: 20 };
  const node = await startGatewayNode(t, { consumers, deadlineMs: 5_000, lambda });
  const floodInvokedAt: number[] = [];
  node.cloud.lambda = async (invocation) => {
    const client = invocation.events[0]?.requestContext.authorizer.lambda.client;
    if (client === 'flood') floodInvokedAt.push(performance.now());
    await delay(50);
    return each(invocation, registered);
  };
  const flood = startLoad(t, node, { connections: 60, senders: alone('flood') });
  await waitUntil('the flood is refused in part', () => statuses(flood.outcomes).includes(503), {
    everyMs: 5,
  });
  const others = startLoad(t, node, { connections: 4, senders: { ...alone('calm'), ...alone('quiet') } });
  await waitUntil('the others got through', () => others.outcomes.length >= 40, { everyMs: 5 });
  const during = flood.outcomes.length;
  await Promise.all([others.stop(), flood.stop()]);

  t.same(statuses(others.outcomes), [201], 'no 503 for those who did not flood');
  t.same(others.outcomes.filter(({ acknowledged }) => !acknowledged).length, 0);
  const overtakenBy = ({ startedAt, ms }: Outcome) =>
    floodInvokedAt.filter((at) => at > startedAt && at < startedAt + ms).length;
  const overtaken = others.outcomes.map(overtakenBy).sort((a, b) => a - b);
  // a machine that is busy stalls a request now and then, and the flood goes on meanwhile
  const usual = overtaken[Math.floor(overtaken.length * 0.75)] as number;
  t.comment(`${overtaken} invocations of the flood while another waits; ${during} requests meanwhile`);
  t.ok(usual <= 12, 'and they take turns with it, behind no more than are in flight');
  t.same(statuses(flood.outcomes), [201, 503], 'the flood is served within the bound');
  const shed = flood.outcomes.filter(({ status }) => status === 503);
  t.ok(shed.every(({ body }) => body.includes('"code":"busy"')));
  t.ok(shed.every(({ headers }) => Number(headers['retry-after']) >= 1));
});
