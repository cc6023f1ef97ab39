import t from 'tap';
import { Plugin } from '../../../plugins/lambda-invoke/index.ts';
import type { LambdaInvokeConfig } from '../../../plugins/lambda-invoke/schema.ts';
import { type AwsAnswer, fakeAws } from '../../support/fake-aws.ts';
import { fakePdk, type Request } from './fake-pdk.ts';

const config: LambdaInvokeConfig = {
  function: 'job',
  path: '/v1/registrations',
  max_size: 250,
  min_in_flight: 1,
  max_in_flight: 1,
  max_queue: 100,
  max_queue_bytes: 1_000_000,
  deadline_ms: 10_000,
  respond: false,
};
const shared = { pistats_client: '{"client":"acme","kind":"pk"}' };
const answers: AwsAnswer[] = [];
const { requests } = await fakeAws(t, ({ body }) => {
  const ok = { statusCode: 200 };
  return answers.shift() ?? { body: body.batch ? { batch: body.batch.map(() => ok) } : ok };
});
t.beforeEach(() => {
  requests.length = 0;
  answers.length = 0;
});

async function access(answer: AwsAnswer, change: Partial<LambdaInvokeConfig> = {}, request: Request = {}) {
  answers.push(answer);
  const pdk = fakePdk({ shared, ...request });
  await new Plugin({ ...config, ...change }).access(pdk.kong);
  return pdk;
}

const created = {
  statusCode: 201,
  headers: { 'x-a': 'b' },
  body: '{"created":true}',
  events: [{ id: '1', type: 'a' }],
};

t.test("the function's answer, facts and all, is left for the next plugin", async (t) => {
  const { exit, shared, rounds } = await access({ body: created });
  t.equal(exit, undefined);
  t.same(JSON.parse(shared.get('pistats_response') ?? ''), created);
  t.equal(rounds, 2);
  t.equal(requests[0]?.path, '/2015-03-31/functions/job/invocations');
  t.match(requests[0]?.body, {
    version: '2.0',
    requestContext: { authorizer: { lambda: { client: 'acme' } } },
  });
});

t.test('with respond it answers the client itself, and the facts stay behind', async (t) => {
  const { exit, shared } = await access({ body: created }, { respond: true });
  t.same(exit, {
    status: 201,
    body: '{"created":true}',
    headers: { 'content-type': 'application/json', 'x-a': 'b' },
  });
  t.notOk(shared.has('pistats_response'));
  const typed = { statusCode: 200, headers: { 'content-type': 'text/csv' }, body: 'a,b' };
  t.same((await access({ body: typed }, { respond: true })).exit?.headers, { 'content-type': 'text/csv' });
  const empty = await access({ body: { statusCode: 204 } }, { respond: true });
  t.same(empty.exit, { status: 204, body: '', headers: {} });
});

t.test('no invocation without a client', async (t) => {
  for (const request of [{ shared: {} }, { requestId: null }]) {
    const { exit, code } = await access({ body: created }, {}, request);
    t.equal(code, 'unavailable');
    t.match(exit, { status: 503, headers: { 'retry-after': '1' } });
  }
  t.equal(requests.length, 0);
});

t.test('what goes wrong is a problem, and says nothing of AWS', async (t) => {
  const errorType = 'TypeError';
  const crashed = {
    headers: { 'x-amz-function-error': 'Unhandled' },
    body: { errorType, errorMessage: 'arn:x' },
  };
  for (const [answer, status, code] of [
    [crashed, 502, 'function_failed'],
    [{ body: { nonsense: true } }, 502, 'function_failed'],
    ['drop', 503, 'unavailable'],
  ] as const) {
    const { exit, code: told } = await access(answer, { respond: true });
    t.equal(told, code);
    t.match(exit, { status, headers: { 'content-type': 'application/problem+json' } });
    t.notMatch(JSON.stringify(exit), /arn|TypeError|nonsense/);
  }
});

t.test('a function that does not answer: 504 within the deadline', async (t) => {
  const started = Date.now();
  const { code } = await access('hang', { respond: true, deadline_ms: 150 });
  t.equal(code, 'function_timeout');
  t.ok(Date.now() - started < 5_000);
});

t.test('instances of one function share its queue, those of another do not', async (t) => {
  const [one, two] = [
    new Plugin({ ...config, function: 'shared' }),
    new Plugin({ ...config, function: 'shared' }),
  ];
  const other = new Plugin({ ...config, function: 'other' });
  await Promise.all([one, two, one, two, other].map((plugin) => plugin.access(fakePdk({ shared }).kong)));
  const names = requests.map(({ path, body }) => `${path.split('/')[3]} ${body.batch?.length ?? 1}`);
  t.same(names.toSorted(), ['other 1', 'shared 1', 'shared 3']);
});
