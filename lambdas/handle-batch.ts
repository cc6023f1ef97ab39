import { framesOf, type ReportFailure } from '../contracts/failure-log.ts';
import {
  type BatchEvent,
  type BatchResponse,
  type ColdStart,
  type InvocationEvent,
  type InvocationResponse,
  MAX_PAYLOAD_BYTES,
} from '../contracts/invocation.ts';
import { CrashError } from './errors.ts';
import { problemResponse } from './responses.ts';
import { ANSWER_MARGIN_MS } from './time-limits.ts';

export type FunctionEvent = InvocationEvent | BatchEvent;

/** What of Lambda's context counts here; without it (in tests) there is no end. */
export interface Remaining {
  getRemainingTimeInMillis(): number;
}

/**
 * One event or `{batch}`: answers in the same shape and order; an environment's first ones say that it was started. An
 * answer comes before the function's time is over, if only 503: an invocation that is ended costs its environment.
 */
export function batchHandler(
  process: (events: InvocationEvent[]) => Promise<InvocationResponse[]>,
  { maxBytes = MAX_PAYLOAD_BYTES, report = () => {} }: { maxBytes?: number; report?: ReportFailure } = {},
) {
  // performance.now() counts from the start of the process, and modules are read once
  let first: ColdStart = { coldStart: { initMs: Math.round(performance.now()) } };
  return async (
    event: FunctionEvent,
    context?: Remaining,
  ): Promise<(InvocationResponse | BatchResponse) & ColdStart> => {
    const mark = first;
    const inTime = (events: InvocationEvent[]) => {
      const tell = (code: string, error: unknown, frames?: string[]) =>
        report(code, error, () => ({
          count: events.length,
          requestIds: events.map(({ requestContext }) => requestContext.requestId),
          frames,
        }));
      const work = process(events).catch((error) => {
        tell('function_crashed', error, framesOf(error));
        throw new CrashError('function_crashed');
      });
      return answerInTime(work, events, context, () => tell('answer_not_in_time', TOO_LATE));
    };
    const answer =
      'batch' in event
        ? { batch: withinShares(await inTime(event.batch), maxBytes, report) }
        : ((await inTime([event]))[0] as InvocationResponse);
    first = {};
    return { ...answer, ...mark };
  };
}

/** What comes of the work later is of no interest: a repeat of each request finds what was committed. */
async function answerInTime(
  work: Promise<InvocationResponse[]>,
  events: InvocationEvent[],
  context: Remaining | undefined,
  tellLate: () => void,
): Promise<InvocationResponse[]> {
  if (!context) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<InvocationResponse[]>((resolve) => {
    const tooLate = () => {
      tellLate();
      resolve(events.map(() => problemResponse('unavailable', { 'retry-after': '2' })));
    };
    timer = setTimeout(tooLate, context.getRemainingTimeInMillis() - ANSWER_MARGIN_MS);
  });
  // a crash after that is told as any other, and nobody is left to hear of it
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * Lambda fails an invocation whose payload is too large, and with it the whole batch. So when they are too large together,
 * those beyond their even share fail alone: asked again, each has a payload to itself.
 */
function withinShares(
  responses: InvocationResponse[],
  maxBytes: number,
  report: ReportFailure,
): InvocationResponse[] {
  const sizes = responses.map((response) => Buffer.byteLength(JSON.stringify(response)) + 1);
  const total = sizes.reduce((sum, size) => sum + size, ENVELOPE_BYTES);
  if (total <= maxBytes) return responses;
  report('answers_too_large', TOO_LARGE, () => ({ count: responses.length }));
  const share = (maxBytes - ENVELOPE_BYTES) / responses.length;
  return responses.map((response, index) =>
    (sizes[index] as number) > share ? problemResponse('function_failed') : response,
  );
}

const TOO_LATE = { code: 'timeout' };
const TOO_LARGE = { code: 'payload' };

/** Room for `{"batch":[…],"coldStart":{"initMs":…}}`. */
const ENVELOPE_BYTES = 64;
