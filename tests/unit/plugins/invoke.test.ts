import t from 'tap';
import { createInvoke, type InvokeOutcome } from '../../../plugins/lambda-invoke/invoke.ts';
import { type AwsAnswer, fakeAws } from '../../support/fake-aws.ts';

const functionError = (body: unknown): AwsAnswer => ({
  headers: { 'x-amz-function-error': 'Unhandled' },
  body,
});
const serviceError = (status: number, type: string): AwsAnswer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: { Message: 'arn:aws:lambda:eu-central-1:123456789012:function:work' },
});

const outcomes: [what: string, answer: AwsAnswer, outcome: InvokeOutcome][] = [
  ['an answer', { body: { statusCode: 200 } }, { kind: 'ok', payload: { statusCode: 200 } }],
  ['an answer of nothing', { body: 'null' }, { kind: 'ok', payload: null }],
  ['an empty payload', { body: '' }, { kind: 'ok', payload: null }],
  ['an answer that is no JSON', { body: '{' }, { kind: 'failed' }],
  ['a function that threw', functionError({ errorType: 'TypeError', errorMessage: 'x' }), { kind: 'failed' }],
  ['a function that exited', functionError({ errorType: 'Runtime.ExitError' }), { kind: 'failed' }],
  ['a function error without a word', functionError('null'), { kind: 'failed' }],
  ["the function's own time-out", functionError({ errorType: 'Sandbox.Timedout' }), { kind: 'timeout' }],
  ['throttling', serviceError(429, 'TooManyRequestsException'), { kind: 'throttled' }],
  ['a function there is not', serviceError(404, 'ResourceNotFoundException'), { kind: 'failed' }],
  ['a payload too large', serviceError(413, 'RequestTooLargeException'), { kind: 'failed' }],
  ['the service failing', serviceError(500, 'ServiceException'), { kind: 'unreachable' }],
  ['a page of something on the way', { status: 502, body: '<html>' }, { kind: 'unreachable' }],
  ['a connection that drops', 'drop', { kind: 'unreachable' }],
];
for (const [what, answer, outcome] of outcomes)
  t.test(`${what} is ${outcome.kind}, after one attempt`, async (t) => {
    const { requests } = await fakeAws(t, () => answer);
    t.same(await createInvoke()('job', '{"a":1}', 10_000), outcome);
    t.equal(requests.length, 1);
  });

t.test('the function, its payload and its alias are named', async (t) => {
  const { requests } = await fakeAws(t, () => ({}));
  const invoke = createInvoke();
  await invoke('job', '{"é":1}', 10_000);
  await invoke('arn:aws:lambda:eu-central-1:123456789012:function:work:live', '{}', 10_000);
  t.equal(requests[0]?.path, '/2015-03-31/functions/job/invocations');
  t.same(requests[0]?.body, { é: 1 });
  t.match(decodeURIComponent(requests[1]?.path ?? ''), 'function:work:live');
});

t.test('no answer within the time is a time-out', async (t) => {
  await fakeAws(t, () => 'hang');
  t.same(await createInvoke()('job', '{}', 50), { kind: 'timeout' });
  t.same(await createInvoke()('job', '{}', -5), { kind: 'timeout' }, 'a time that is over already');
});

t.test('nobody listens: unreachable', async (t) => {
  await fakeAws(t, () => ({}));
  process.env.AWS_ENDPOINT_URL_LAMBDA = 'http://127.0.0.1:1';
  t.same(await createInvoke()('job', '{}', 10_000), { kind: 'unreachable' });
});
