import t from 'tap';
import { v7 } from 'uuid';
import type { StampedEvent } from '../../../contracts/stamped-event.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { Plugin } from '../../../plugins/kinesis-forward/index.ts';
import type { KinesisForwardConfig } from '../../../plugins/kinesis-forward/schema.ts';
import { createPutRecords } from '../../../stream/put-records.ts';
import { type AwsAnswer, type AwsRequest, fakeAws } from '../../support/fake-aws.ts';
import { fakePdk, type Request } from './fake-pdk.ts';

/** How Kinesis answers the next records of `refusing`, by position; after that it takes all. */
let refusals: (boolean[] | AwsAnswer)[] = [];
let refusing = 'events';
function kinesis({ body }: AwsRequest): AwsAnswer {
  const next = (body.StreamName === refusing && refusals.shift()) || [];
  if (!Array.isArray(next)) return next;
  const Records = body.Records.map((_: unknown, i: number) =>
    next[i]
      ? { ErrorCode: 'ProvisionedThroughputExceededException' }
      : { SequenceNumber: `${i}`, ShardId: 's-0' },
  );
  return { headers: { 'content-type': 'application/x-amz-json-1.1' }, body: { Records } };
}
const { requests } = await fakeAws(t, kinesis);
t.beforeEach(() => {
  requests.length = 0;
  refusals = [];
  refusing = 'events';
});

interface PutRecord {
  Data: string;
  PartitionKey: string;
}
const stored = (): StampedEvent[] =>
  requests.flatMap(({ body }) =>
    body.Records.flatMap(({ Data }: PutRecord) => JSON.parse(Buffer.from(Data, 'base64').toString())),
  );

const config: KinesisForwardConfig = {
  stream: 'events',
  mode: 'response',
  deadline_ms: 10_000,
  spool_after_ms: 1_000,
};
const client = '{"client":"acme","kind":"pk"}';
const fact = {
  specversion: '1.0',
  id: 'f-1',
  type: 'pistats.registration.created',
  subject: 'u-1',
  data: {},
};
const created = { statusCode: 201, body: '{"created":true}', events: [fact] };

async function access(request: Request, change: Partial<KinesisForwardConfig> = {}) {
  const pdk = fakePdk(request);
  await new Plugin({ ...config, ...change }).access(pdk.kong);
  return pdk;
}
const answering = (response: object): Request => ({
  shared: { pistats_client: client, pistats_response: JSON.stringify(response) },
  headers: { 'user-agent': 'UA/1' },
});
const sending = (body: unknown): Request => ({
  shared: { pistats_client: client },
  headers: { 'user-agent': 'UA/1' },
  body: Buffer.from(JSON.stringify(body)),
});
const event = () => ({ id: v7(), type: 'page_view', time: '2026-10-10T10:00:00Z' });

t.test("the function's facts are durable before its answer is given", async (t) => {
  const { exit, rounds } = await access(answering(created));
  t.same(exit, { status: 201, body: '{"created":true}', headers: { 'content-type': 'application/json' } });
  t.equal(rounds, 2);
  t.match(requests, [
    { headers: { 'x-amz-target': 'Kinesis_20131202.PutRecords' }, body: { StreamName: 'events' } },
  ]);
  t.match(requests[0]?.body.Records, [{ PartitionKey: 'acme:u-1' }]);
  t.match(stored(), [
    { ...fact, clientid: 'acme', requestid: 'req-1', clientip: '203.0.113.7', useragent: 'UA/1', n: /^\d+$/ },
  ]);
  t.match(stored(), [{ receivedtime: '2026-10-03T04:00:00.250Z' }]);
});

t.test('an answer without facts, or that is no success, is given and nothing stored', async (t) => {
  t.match((await access(answering({ statusCode: 200, body: '[]' }))).exit, { status: 200, body: '[]' });
  t.match((await access(answering({ statusCode: 200, events: [] }))).exit, { status: 200 });
  const problem = { ...created, statusCode: 404, headers: { 'content-type': 'application/problem+json' } };
  t.match((await access(answering(problem))).exit, { status: 404, headers: problem.headers });
  t.equal(requests.length, 0);
});

t.test("a browser's events are durable before 202", async (t) => {
  const { exit, rounds } = await access(sending({ events: [event(), event()] }), { mode: 'events' });
  t.match(exit, { status: 202, body: '{"accepted":2}' });
  t.equal(rounds, 2);
  t.equal(requests[0]?.body.Records.length, 1, 'one record a request');
  t.equal(requests[0]?.body.Records[0].PartitionKey, 'acme:req-1');
  t.match(stored(), [{ type: 'client.page_view', source: '/clients/acme' }, { clientid: 'acme' }]);
});

const refused: [
  what: string,
  request: Request,
  mode: KinesisForwardConfig['mode'],
  status: number,
  code: string,
][] = [
  ['no client', { shared: { pistats_response: JSON.stringify(created) } }, 'response', 503, 'unavailable'],
  ['no answer of a function', { shared: { pistats_client: client } }, 'response', 503, 'unavailable'],
  ['no request id', { ...answering(created), requestId: null }, 'response', 503, 'unavailable'],
  ['events without a client', { body: '{"events":[]}' }, 'events', 503, 'unavailable'],
  [
    'a body that is no JSON',
    { shared: { pistats_client: client }, body: '{' },
    'events',
    400,
    'body_malformed',
  ],
  ['events of another shape', sending({ events: [{}] }), 'events', 400, 'body_invalid'],
  [
    'an event above a record',
    sending({ events: [{ ...event(), data: { pad: 'x'.repeat(262_144) } }] }),
    'events',
    400,
    'body_invalid',
  ],
];
for (const [what, request, mode, status, code] of refused)
  t.test(`refused, nothing stored: ${what}`, async (t) => {
    const { exit, code: told } = await access(request, { mode });
    t.equal(told, code);
    t.equal(exit?.status, status);
    t.equal(exit?.headers['retry-after'], status === 503 ? '1' : undefined);
    t.equal(requests.length, 0);
  });

t.test('a body of another shape is told where', async (t) => {
  const { exit } = await access(sending({ events: [{ ...event(), type: 'A' }] }), { mode: 'events' });
  t.match(JSON.parse(exit?.body ?? ''), { errors: [{ pointer: '/events/0/type' }] });
});

t.test('a record that Kinesis refuses goes again under the same stamp', async (t) => {
  refusals = [[true], { status: 500, body: {} }];
  t.match((await access(answering(created))).exit, { status: 201 });
  t.equal(requests.length, 3);
  const stamps = stored().map(({ boot, n }) => `${boot} ${n}`);
  t.equal(new Set(stamps).size, 1);
});

t.test('while Kinesis takes nothing: 503 with Retry-After, never the 2xx', async (t) => {
  refusals = Array(100).fill([true]);
  const { exit, code } = await access(answering(created), { deadline_ms: 150 });
  t.equal(code, 'unavailable');
  t.match(exit, { status: 503, headers: { 'retry-after': '2' } });
  t.notMatch(exit?.body, /Throughput|Kinesis/);
  refusals = [];
  requests.length = 0;
  await waitUntil('it is taken later, as its stamp is given', () => stored().length > 0, { everyMs: 5 });
  t.match(stored(), [{ id: 'f-1' }]);
});

t.test('which records PutRecords acknowledged, and a call that failed as a whole', async (t) => {
  const putRecords = createPutRecords();
  // a stream of its own: what is still under way to the other one is nothing of this test's
  refusing = 'alone';
  const records = ['a', 'b', 'c'].map((key) => ({ partitionKey: key, data: Buffer.from(key), events: 1 }));
  refusals = [[false, true, false]];
  t.same(await putRecords('alone', records, 1000), [true, false, true]);
  refusals = [{ headers: { 'content-type': 'application/x-amz-json-1.1' }, body: { Records: [] } }];
  t.same(
    await putRecords('alone', records, 1000),
    [false, false, false],
    'no word of them is no acknowledgement',
  );
  for (const failure of [
    { status: 400, body: { __type: 'ResourceNotFoundException' } },
    'drop',
    'hang',
  ] as const) {
    refusals = [failure];
    requests.length = 0;
    await t.rejects(putRecords('alone', records, 200));
    t.equal(requests.filter(({ body }) => body.StreamName === 'alone').length, 1, 'one attempt');
  }
});
