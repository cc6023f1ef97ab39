import t from 'tap';
import type { FailureDetails, ReportFailure } from '../../../contracts/failure-log.ts';
import type {
  BatchResponse,
  ColdStart,
  InvocationEvent,
  InvocationResponse,
} from '../../../contracts/invocation.ts';
import { batchHandler } from '../../../lambdas/handle-batch.ts';
import { ANSWER_MARGIN_MS } from '../../../lambdas/time-limits.ts';
import { registerEvent, registration } from '../../support/requests.ts';

const event = registerEvent(registration({ installationId: 'a' }));
const answering = (sizes: number[]) => async (events: InvocationEvent[]) =>
  events.map((_, index): InvocationResponse => ({ statusCode: 200, body: 'x'.repeat(sizes[index] ?? 0) }));
const batchOf = async (sizes: number[], maxBytes?: number) => {
  const told: string[] = [];
  const handler = batchHandler(answering(sizes), { maxBytes, report: (code) => void told.push(code) });
  const answer = (await handler({ batch: sizes.map(() => event) })) as BatchResponse;
  return { answer, told, statuses: answer.batch.map(({ statusCode }) => statusCode) };
};

t.test('a single event has a single answer, a batch a batch in its order', async (t) => {
  t.match(await batchHandler(answering([3]))(event), { statusCode: 200, body: 'xxx' });
  const { answer } = await batchOf([1, 2, 3]);
  t.same(
    answer.batch.map(({ body }) => body?.length),
    [1, 2, 3],
  );
  t.match(await batchHandler(answering([]))({ batch: [] }), { batch: [] });
});

t.test('an answer comes before the time is over, whatever the work waits for', async (t) => {
  const hanging = batchHandler(() => new Promise(() => {}));
  const context = { getRemainingTimeInMillis: () => ANSWER_MARGIN_MS + 5 };
  const unavailable = { statusCode: 503, headers: { 'retry-after': '2' }, body: /"unavailable"/ };
  t.match(await hanging(event, context), unavailable);
  t.match(await hanging({ batch: [event, event] }, context), { batch: [unavailable, unavailable] });
  t.match(
    await batchHandler(answering([3]))(event, context),
    { statusCode: 200 },
    'what is there in time counts',
  );
});

t.test(
  'answers that are too large together: those beyond their share fail, the others are kept',
  async (t) => {
    const { answer, statuses, told } = await batchOf([100, 5_000, 100, 4_000], 6_000);
    t.same(told, ['answers_too_large']);
    t.same(statuses, [200, 502, 200, 502]);
    t.ok(JSON.stringify(answer).length <= 6_000);
    t.match(answer.batch[1]?.body, /function_failed/);
    t.same((await batchOf([100, 5_000, 100], 6_000)).statuses, [200, 200, 200], 'together they fit');
  },
);

t.test("the bound is Lambda's 6 MB", async (t) => {
  const two = 3 * 1024 * 1024;
  t.same((await batchOf([two - 200, two - 200])).statuses, [200, 200]);
  t.same((await batchOf([two + 200, two - 300])).statuses, [502, 200]);
});

t.test(
  'the first answer of an environment, one that failed left out, says how long its start took',
  async (t) => {
    let broken = true;
    const handler = batchHandler(async (events) => {
      if (broken) throw new Error('broken');
      return events.map(() => ({ statusCode: 200 }));
    });
    await t.rejects(handler({ batch: [event] }));
    broken = false;
    const { coldStart, ...rest } = (await handler({ batch: [event] })) as BatchResponse & ColdStart;
    t.ok((coldStart?.initMs ?? 0) > 0 && (coldStart?.initMs ?? 0) <= performance.now());
    t.same(rest, { batch: [{ statusCode: 200 }] });
    t.same(await handler(event), { statusCode: 200 });
    t.same(await handler({ batch: [event] }), { batch: [{ statusCode: 200 }] });
  },
);

t.test(
  'what is not answered in time, and what crashes, is told with its requests and without its words',
  async (t) => {
    const told: { code: string; error: unknown; details?: FailureDetails }[] = [];
    const report: ReportFailure = (code, error, details) =>
      void told.push({ code, error, details: details?.() });
    const context = { getRemainingTimeInMillis: () => ANSWER_MARGIN_MS + 5 };
    await batchHandler(() => new Promise(() => {}), { report })({ batch: [event, event] }, context);
    const { requestId } = event.requestContext;
    t.match(told, [
      { code: 'answer_not_in_time', details: { count: 2, requestIds: [requestId, requestId] } },
    ]);
    const secret = new Error('duplicate key (address_value)=(a-token)');
    const crashing = batchHandler(() => Promise.reject(secret), { report });
    await t.rejects(crashing(event), { name: 'CrashError', message: 'function_crashed', cause: undefined });
    t.match(told[1], {
      code: 'function_crashed',
      error: secret,
      details: { count: 1, frames: [/handle-batch/] },
    });
  },
);
