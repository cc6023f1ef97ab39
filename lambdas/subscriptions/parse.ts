import { type SubscriptionRequest, subscriptionRequest } from '../../contracts/http.ts';
import type { InvocationEvent } from '../../contracts/invocation.ts';
import { parseBody } from '../../contracts/validate.ts';
import type { SubscriptionStateName } from '../ports/subscription-store.ts';
import type { Parsed } from '../process-batch.ts';
import { identify, type RequestIdentity } from '../request.ts';
import { fromProblem } from '../responses.ts';

export interface SubscriptionCommand extends RequestIdentity {
  registrationId: string;
  /** without repetitions, in the order of the request */
  topics: string[];
  state: SubscriptionStateName;
}

/** What the request asks for, or why it can't be asked. */
export function parse(event: InvocationEvent): Parsed<SubscriptionCommand> {
  const parsed = parseBody<SubscriptionRequest>(subscriptionRequest, event.body);
  if (!parsed.ok) return { response: fromProblem(parsed.problem) };
  const registrationId = parsed.value.registrationId.toLowerCase();
  return {
    command: {
      ...identify(event, registrationId, parsed.value),
      registrationId,
      topics: [...new Set(parsed.value.topics)],
      state: event.requestContext.http.method === 'DELETE' ? 'left' : 'joined',
    },
  };
}
