import {
  type BatchEvent,
  type BatchResponse,
  type ColdStart,
  type InvocationEvent,
  type InvocationResponse,
  MAX_PAYLOAD_BYTES,
} from '../contracts/invocation.ts';
import { problemResponse } from './responses.ts';

export type FunctionEvent = InvocationEvent | BatchEvent;

/** One event or `{batch}`: answers in the same shape and order; an environment's first ones say that it was started. */
export function batchHandler(
  process: (events: InvocationEvent[]) => Promise<InvocationResponse[]>,
  maxBytes: number = MAX_PAYLOAD_BYTES,
) {
  // performance.now() counts from the start of the process, and modules are read once
  let first: ColdStart = { coldStart: { initMs: Math.round(performance.now()) } };
  return async (event: FunctionEvent): Promise<(InvocationResponse | BatchResponse) & ColdStart> => {
    const mark = first;
    const answer =
      'batch' in event
        ? { batch: withinShares(await process(event.batch), maxBytes) }
        : ((await process([event]))[0] as InvocationResponse);
    first = {};
    return { ...answer, ...mark };
  };
}

/**
 * Lambda fails an invocation whose payload is too large, and with it the whole batch. So when they are too large together,
 * those beyond their even share fail alone: asked again, each has a payload to itself.
 */
function withinShares(responses: InvocationResponse[], maxBytes: number): InvocationResponse[] {
  const sizes = responses.map((response) => Buffer.byteLength(JSON.stringify(response)) + 1);
  const total = sizes.reduce((sum, size) => sum + size, ENVELOPE_BYTES);
  if (total <= maxBytes) return responses;
  const share = (maxBytes - ENVELOPE_BYTES) / responses.length;
  return responses.map((response, index) =>
    (sizes[index] as number) > share ? problemResponse('function_failed') : response,
  );
}

/** Room for `{"batch":[…],"coldStart":{"initMs":…}}`. */
const ENVELOPE_BYTES = 64;
