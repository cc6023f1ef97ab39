import type { InvocationResponse } from '../contracts/invocation.ts';
import type { DeviceTokens } from './device-token.ts';
import type { AnswerCache } from './ports/answers.ts';
import type { RequestIdentity } from './request.ts';
import { problemResponse, repeatAnswer } from './responses.ts';

/** The requests that the cache knows to be repeats, with their first answer (or 422 for another body). */
export async function findRepeats<T extends RequestIdentity>(
  requests: T[],
  answers: AnswerCache,
  tokens: DeviceTokens,
  now: Date,
): Promise<Map<T, InvocationResponse>> {
  const known = new Map<T, InvocationResponse>();
  if (requests.length === 0) return known;
  const stored = await answers.get(requests.map(({ answerKey }) => answerKey));
  requests.forEach((request, index) => {
    const found = stored[index];
    if (!found) return;
    const same = found.fingerprint === request.fingerprint;
    known.set(
      request,
      same
        ? repeatAnswer(found.answer, request.client, tokens, now)
        : problemResponse('idempotency_mismatch'),
    );
  });
  return known;
}
