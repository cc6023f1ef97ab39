import {
  type BatchEvent,
  type BatchResponse,
  type InvocationEvent,
  type InvocationResponse,
  MAX_PAYLOAD_BYTES,
} from '../contracts/invocation.ts';
import { problemResponse } from './responses.ts';

export type FunctionEvent = InvocationEvent | BatchEvent;

/** One event or `{batch}`: answers in the same shape and order. */
export function batchHandler(
  process: (events: InvocationEvent[]) => Promise<InvocationResponse[]>,
  maxBytes: number = MAX_PAYLOAD_BYTES,
) {
  return async (event: FunctionEvent): Promise<InvocationResponse | BatchResponse> => {
    if ('batch' in event) return { batch: withinShares(await process(event.batch), maxBytes) };
    const [response] = await process([event]);
    return response as InvocationResponse;
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

/** Room for `{"batch":[…]}`. */
const ENVELOPE_BYTES = 64;
