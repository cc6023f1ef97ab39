import type {
  BatchEvent,
  BatchResponse,
  InvocationEvent,
  InvocationResponse,
} from '../contracts/invocation.ts';

export type FunctionEvent = InvocationEvent | BatchEvent;

/** One event or `{batch}`: answers in the same shape and order. */
export function batchHandler(process: (events: InvocationEvent[]) => Promise<InvocationResponse[]>) {
  return async (event: FunctionEvent): Promise<InvocationResponse | BatchResponse> => {
    if ('batch' in event) return { batch: await process(event.batch) };
    const [response] = await process([event]);
    return response as InvocationResponse;
  };
}
