import t from 'tap';
import type { Fact } from '../../../contracts/cloud-event.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { stamper, writerOf } from '../../../plugins/kinesis-forward/forwarder.ts';
import { type AwsAnswer, fakeAws } from '../../support/fake-aws.ts';

let answer: AwsAnswer;
await fakeAws(t, () => answer);
const written: string[] = [];
t.capture(process.stderr, 'write', (text: string) => {
  written.push(text);
  return true;
});

const SECRETS = /hunter2|203\.0\.113\.7|reader@example|AKIA/;
const fact = { id: 'e1', source: '/clients/acme', data: { email: 'reader@example.com' } } as unknown as Fact;
const receipt = { client: 'acme', receivedAt: 0, ip: '203.0.113.7', userAgent: undefined };

/** The first line with that code, after the records of one request were put on the stream. */
async function lineOf(code: string, stream: string, requestId: string) {
  const records = stamper.stamp([fact], { ...receipt, requestId }) ?? [];
  const put = writerOf(stream).put(records, { deadlineMs: 200, spoolAfterMs: 100 });
  const find = () =>
    written
      .flatMap((text) => text.trim().split('\n'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find((line) => line.message === code);
  await waitUntil(code, () => find() !== undefined, { everyMs: 5 });
  answer = { body: { Records: [{ SequenceNumber: '1' }] } };
  await put;
  return find();
}

t.test('a Kinesis that refuses a call is one line with its reason and the requests', async (t) => {
  const message = 'User arn:aws:iam::1:user/AKIA hunter2 is not authorized';
  answer = { status: 400, body: { __type: 'com.amazon#AccessDeniedException', message } };
  t.match(await lineOf('put_records_failed', 'denied', 'req-1'), {
    level: 'WARN',
    service: 'kinesis-forward',
    cause: 'AccessDeniedException',
    stream: 'denied',
    count: 1,
    requestIds: ['req-1'],
  });
});

t.test('records that are refused within a call are one with the first reason', async (t) => {
  const refused = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'hunter2' };
  answer = { body: { Records: [refused] } };
  t.match(await lineOf('records_refused', 'refusing', 'req-2'), {
    cause: 'ProvisionedThroughputExceededException',
    stream: 'refusing',
    count: 1,
  });
});

t.test('no line has anything of a body, a key or an address', async (t) => {
  t.not(written.length, 0);
  t.notMatch(written.join(''), SECRETS);
});
