import t from 'tap';
import { v7 } from 'uuid';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { type Answer, startGatewayNode } from './gateway-node.ts';
import { byStamp, KINESIS_FAILURES, takesAll } from './kinesis-failures.ts';
import { ACME, assertNoBreach, RIGHT_KEY, startLoad, statuses } from './load.ts';

const DEADLINE_MS = 500;
const node = await startGatewayNode(t, { consumers: [ACME], kinesisDeadlineMs: DEADLINE_MS });
const { cloud } = node;
t.beforeEach(() => cloud.forget());

const register = () => node.ask({ headers: { ...RIGHT_KEY, 'idempotency-key': 'right-lone' } });
const sendEvents = () => {
  const event = { id: v7(), type: 'page_view', time: new Date().toISOString() };
  return node.ask({ path: '/v1/events', headers: RIGHT_KEY, body: JSON.stringify({ events: [event] }) });
};
const many = () => Promise.all(Array.from({ length: 12 }, () => [register(), sendEvents()]).flat());
const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code: string }).code;

for (const [what, kinesis] of KINESIS_FAILURES)
  t.test(
    `Kinesis ${what}, no spool: 503 with Retry-After, for registrations and events, never the 2xx`,
    async (t) => {
      cloud.kinesis = kinesis;
      const answers = await many();
      t.same(
        [...new Set(answers.map((answer) => `${answer.status} ${codeOf(answer)}`))],
        ['503 unavailable'],
      );
      t.same(answers.filter(({ headers }) => !(Number(headers['retry-after']) >= 1)).length, 0);
      t.same(answers.filter(({ body }) => /kinesis|arn:|exception|shard|throughput/i.test(body)).length, 0);
      t.ok(Math.max(...answers.map(({ ms }) => ms)) < DEADLINE_MS + 2_500, 'in time');
      cloud.kinesis = takesAll;
      const unsent = () => byStamp(cloud.sent).filter(({ lastTaken }) => !lastTaken).length;
      await waitUntil('what was stamped is forwarded all the same', () => unsent() === 0, { everyMs: 10 });
      const after = await many();
      t.same([...new Set(after.map(({ status }) => status))].sort(), [201, 202], 'and then as before');
      t.same(after.filter(({ acknowledged }) => !acknowledged).length, 0);
    },
  );

t.test('single records refused under load: only these go again, under the same stamp', async (t) => {
  const seen = new Map<string, number>();
  cloud.kinesis = (records) =>
    records.map(([event], index) => {
      const tries = (seen.get(event?.requestid ?? '') ?? 0) + 1;
      seen.set(event?.requestid ?? '', tries);
      return tries > 1 || index % 3 > 0;
    });
  const { outcomes, stop } = startLoad(t, node);
  const accepted = () => outcomes.filter(({ status }) => status === 201).length;
  await waitUntil('the load ran', () => accepted() > 150, { everyMs: 5 });
  await stop();
  cloud.kinesis = takesAll;
  assertNoBreach(t, cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [201], 'nobody notices');
  const tries = byStamp(cloud.sent);
  t.ok(tries.filter(({ refused }) => refused > 0).length > 20, 'many were refused');
  t.same(tries.filter(({ taken }) => taken !== 1).length, 0, 'none was sent once it was taken');
  t.same(tries.filter(({ lastTaken }) => !lastTaken).length, 0);
});

t.test('an acknowledgement that is lost: the record goes again under the same stamp', async (t) => {
  let calls = 0;
  cloud.kinesis = (records) => (++calls === 1 ? 'drop' : records.map(() => true));
  t.equal((await register()).status, 201);
  t.equal(cloud.sent.length, 2);
  t.equal(cloud.sent[0]?.stamp, cloud.sent[1]?.stamp, 'storage drops the duplicate');
});

t.test('Kinesis away for a moment under load: a 2xx only for what is durable', async (t) => {
  const { outcomes, stop } = startLoad(t, node);
  const after = (since: number, status: number) =>
    outcomes.filter((outcome) => outcome.startedAt > since && outcome.status === status).length;
  await waitUntil('the load runs', () => after(0, 201) > 30, { everyMs: 5 });
  cloud.kinesis = () => 'drop';
  const downAt = performance.now();
  await waitUntil('some were given up', () => after(downAt, 503) > 20, { everyMs: 5 });
  t.equal(after(downAt, 201), 0);
  cloud.kinesis = takesAll;
  const upAt = performance.now();
  await waitUntil('registrations again', () => after(upAt, 201) > 30, { everyMs: 5 });
  await stop();
  assertNoBreach(t, cloud, outcomes);
  t.same(statuses(outcomes, 'right'), [201, 503]);
});
