import t from 'tap';
import { v7 } from 'uuid';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { isEmpty, tallied } from '../../support/spooling.ts';
import { type Answer, type GatewayNode, startGatewayNode } from './gateway-node.ts';
import { byStamp, gaps, KINESIS_FAILURES, takesAll } from './kinesis-failures.ts';
import { ACME, assertNobodyElse, RIGHT_KEY, startLoad, statuses } from './load.ts';

const register = (node: GatewayNode) =>
  node.ask({ headers: { ...RIGHT_KEY, 'idempotency-key': 'right-lone' } });
const sendEvents = (node: GatewayNode) => {
  const event = { id: v7(), type: 'page_view', time: new Date().toISOString() };
  return node.ask({ path: '/v1/events', headers: RIGHT_KEY, body: JSON.stringify({ events: [event] }) });
};
const many = (node: GatewayNode) =>
  Promise.all(Array.from({ length: 12 }, () => [register(node), sendEvents(node)]).flat());
const requestIds = (answers: Answer[]) => answers.map(({ headers }) => String(headers['x-kong-request-id']));

t.test('with a spool', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], spool: {} });
  const { cloud } = node;
  let answered = 0;
  for (const [what, kinesis] of KINESIS_FAILURES)
    await t.test(`Kinesis ${what}: 2xx for what is fsynced, and drained when it is back`, async (t) => {
      cloud.forget();
      cloud.kinesis = kinesis;
      const answers = [...(await many(node)), ...(await many(node))];
      answered += answers.length;
      t.same([...new Set(answers.map(({ status }) => status))].sort(), [201, 202]);
      t.same(answers.filter(({ acknowledged }) => acknowledged).length, 0);
      cloud.kinesis = takesAll;
      const taken = () => requestIds(answers).every((id) => cloud.acknowledged.has(id));
      await waitUntil('all are drained', taken, { everyMs: 10 });
      await isEmpty(node.spoolDir);
      t.same(byStamp(cloud.sent).filter(({ taken }) => taken !== 1).length, 0, 'each once');
    });
  t.equal(node.pluginServer.restarts, 0);
  t.equal(await tallied(node.spoolDir), answered, 'all is in the book');
});

t.test('Kinesis away under load: nobody notices, n has no gap', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], spool: {} });
  const { cloud } = node;
  const { outcomes, stop } = startLoad(t, node);
  const accepted = (since: number) =>
    outcomes.filter(({ status, startedAt }) => status === 201 && startedAt > since).length;
  await waitUntil('the load runs', () => accepted(0) > 50, { everyMs: 5 });
  for (const outage of [(): 'drop' => 'drop', (): 'hang' => 'hang']) {
    cloud.kinesis = outage;
    const downAt = performance.now();
    await waitUntil('2xx from the spool', () => accepted(downAt) > 100, { everyMs: 5 });
    cloud.kinesis = takesAll;
    const upAt = performance.now();
    const direct = () => outcomes.some((o) => o.startedAt > upAt && o.status === 201 && o.acknowledged);
    await waitUntil('and from Kinesis again', direct, { everyMs: 5 });
  }
  await stop();
  assertNobodyElse(t, cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [201]);
  await isEmpty(node.spoolDir);
  const lost = requestIds(outcomes.filter(({ status }) => status === 201)).filter(
    (id) => !cloud.acknowledged.has(id),
  );
  t.same(lost, []);
  t.same(gaps(cloud.sent), []);
});

t.test('a spool past its bound: 503 with Retry-After, no stamp, and then as before', async (t) => {
  const node = await startGatewayNode(t, { consumers: [ACME], spool: { PISTATS_SPOOL_MAX_BYTES: '20000' } });
  const { cloud } = node;
  cloud.kinesis = () => 'drop';
  let accepted = 0;
  const refused = await waitUntil(
    'the spool is full',
    async () => {
      const answer = await sendEvents(node);
      if (answer.status === 202) accepted++;
      return answer.status === 503 ? answer : undefined;
    },
    { everyMs: 1 },
  );
  t.match(refused.body, '"code":"unavailable"');
  t.ok(Number(refused.headers['retry-after']) >= 1);
  t.notMatch(refused.body, /spool|kinesis/i);
  t.ok(accepted > 10);
  cloud.kinesis = takesAll;
  await waitUntil('accepted again', async () => (await sendEvents(node)).status === 202 && ++accepted);
  await isEmpty(node.spoolDir);
  t.equal(byStamp(cloud.sent).filter(({ lastTaken }) => lastTaken).length, accepted);
  t.same(gaps(cloud.sent), [], 'what was refused has no number');
});
