import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { type AwsAnswer, awsError, each, functionError, type Lambda, registered } from './cloud.ts';
import { type Answer, startGatewayNode } from './gateway-node.ts';
import { ACME, RIGHT_KEY } from './load.ts';

const DEADLINE_MS = 600;
const node = await startGatewayNode(t, { consumers: [ACME], deadlineMs: DEADLINE_MS });
const { cloud } = node;
const works: Lambda = (invocation) => each(invocation, registered);
t.beforeEach(() => cloud.forget());

/** What the SDK or the service say of themselves. */
const AWS_DETAIL = /arn:|aws|lambda|kinesis|exception|errorType|stack|sandbox|econn|127\.0\.0\.1/i;
const register = (name: string) => node.ask({ headers: { ...RIGHT_KEY, 'idempotency-key': name } });

/** As many at a time as make batches of all but the first. */
const registerMany = (name: string) =>
  Promise.all(Array.from({ length: 24 }, (_, index) => register(`${name}-${index}`)));
const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code?: string }).code;

const answering = (body: unknown): AwsAnswer => ({ body });
const oneOf = (change: object): Lambda => {
  return (invocation) => each(invocation, (event) => ({ ...registered(event), ...change }));
};

/** code, status, and whether Retry-After is to be there */
const FAILED = ['function_failed', 502, false] as const;
const TIMEOUT = ['function_timeout', 504, true] as const;
const UNAVAILABLE = ['unavailable', 503, true] as const;
const failures: [what: string, lambda: Lambda, readonly [code: string, status: number, retry: boolean]][] = [
  ['a function that throws', () => functionError('TypeError'), FAILED],
  ['a function whose process ends', () => functionError('Runtime.ExitError'), FAILED],
  ['a function over its time', () => functionError('Sandbox.Timedout'), TIMEOUT],
  ['a payload that Lambda refuses', () => awsError('RequestTooLargeException', 413), FAILED],
  ['a missing permission', () => awsError('AccessDeniedException', 403), FAILED],
  ['a service that fails', () => awsError('ServiceException', 500), UNAVAILABLE],
  ['a connection that breaks', () => 'drop', UNAVAILABLE],
  ['an answer that is no JSON', () => answering('not JSON'), FAILED],
  ['half an answer', () => answering('{"statusCode":20'), FAILED],
  ['an empty answer', () => answering(''), FAILED],
  ['an answer without a status', oneOf({ statusCode: undefined }), FAILED],
  ['a status in words', oneOf({ statusCode: '201' }), FAILED],
  ['a status that is none', oneOf({ statusCode: 999 }), FAILED],
  ['a status that ends nothing', oneOf({ statusCode: 101 }), FAILED],
  ['a body that is no text', oneOf({ body: { client: 'acme' } }), FAILED],
  ['headers that are none', oneOf({ headers: { 'x-a': { nested: true } } }), FAILED],
  ['headers in a list', oneOf({ headers: ['x-a'] }), FAILED],
  ['a header that would end the line', oneOf({ headers: { 'x-a': 'b\r\nx-c: d' } }), FAILED],
  ['facts that are none', oneOf({ events: ['a', null] }), FAILED],
  ['an answer too few', ({ events }) => answering({ batch: events.slice(1).map(registered) }), FAILED],
];

for (const [what, lambda, [code, status, retry]] of failures)
  t.test(`${what}: ${status} ${code}, and nothing of AWS in the answer`, async (t) => {
    cloud.lambda = lambda;
    const answers = await registerMany('failing');
    t.same(
      [...new Set(answers.map((answer) => `${answer.status} ${answer.body && codeOf(answer)}`))],
      [`${status} ${code}`],
    );
    t.same(answers.filter(({ headers }) => (headers['retry-after'] !== undefined) !== retry).length, 0);
    t.same(
      answers.filter(({ body }) => AWS_DETAIL.test(body)).map(({ body }) => body),
      [],
    );
    t.ok(Math.max(...answers.map(({ ms }) => ms)) < DEADLINE_MS + 2_500, 'in time');
    t.same(cloud.sent, [], 'and nothing forwarded');
    cloud.lambda = works;
    t.equal((await register('afterwards')).status, 201, 'the next one is accepted');
  });

t.test(
  'throttled: waits for its deadline, then 503 with Retry-After; accepted once there is room',
  async (t) => {
    cloud.lambda = () => awsError('TooManyRequestsException', 429);
    const answers = await registerMany('throttled');
    t.same([...new Set(answers.map((answer) => `${answer.status} ${codeOf(answer)}`))], ['503 busy']);
    t.same(answers.filter(({ headers }) => !(Number(headers['retry-after']) >= 1)).length, 0);
    t.same(answers.filter(({ body }) => AWS_DETAIL.test(body)).length, 0);
    t.ok(Math.min(...answers.map(({ ms }) => ms)) > DEADLINE_MS - 20, 'none gives up before');
    t.ok(Math.max(...answers.map(({ ms }) => ms)) < DEADLINE_MS + 2_500);
    t.ok(cloud.invocations.length > 4, 'it was tried again and again');

    cloud.forget();
    const waiting = registerMany('patient');
    await waitUntil('all were refused', () => cloud.invocations.length > 3, { everyMs: 5 });
    cloud.lambda = works;
    t.same([...new Set((await waiting).map(({ status }) => status))], [201], 'nobody notices a short one');
  },
);

t.test(
  'invocations without an answer: 504 for whom they carry, 503 for who waited behind them',
  async (t) => {
    cloud.lambda = () => 'hang';
    const answers = await registerMany('hanging');
    const invoked = new Set(
      cloud.invocations.flatMap(({ events }) => events.map(({ headers }) => headers['idempotency-key'])),
    );
    t.ok(invoked.size > 0 && invoked.size < answers.length, `${invoked.size} were invoked`);
    const carried = answers.filter((_, index) => invoked.has(`hanging-${index}`));
    t.same(
      [...new Set(carried.map((answer) => `${answer.status} ${codeOf(answer)}`))],
      ['504 function_timeout'],
    );
    t.ok(answers.some((answer) => answer.status === 503 && codeOf(answer) === 'busy'));
    t.same(answers.filter(({ status }) => status !== 503 && status !== 504).length, 0);
    t.same(answers.filter(({ headers }) => !(Number(headers['retry-after']) >= 1)).length, 0);
    t.ok(Math.max(...answers.map(({ ms }) => ms)) < DEADLINE_MS + 2_500, 'in time');
  },
);

t.test('one request that brings its batch down harms itself alone', async (t) => {
  const isPoison = (name: string | undefined) => /-(7|19)$/.test(name ?? '');
  cloud.lambda = (invocation) =>
    invocation.events.some(({ headers }) => isPoison(headers['idempotency-key']))
      ? functionError('RangeError')
      : works(invocation);
  const answers = await registerMany('mixed');
  t.same(
    answers.map(({ status }) => status),
    answers.map((_, index) => (isPoison(`-${index}`) ? 502 : 201)),
  );
  t.same(answers.filter(({ status, acknowledged }) => status === 201 && !acknowledged).length, 0);
  t.ok(
    cloud.invocations.some(({ batched }) => batched),
    'they shared invocations',
  );
});
