import { CLOCK_BEHIND_MS } from '../contracts/cloud-event.ts';
import type { InvocationResponse } from '../contracts/invocation.ts';
import { PROBLEM_TYPE, type Problem, type ProblemCode, problem } from '../contracts/problem.ts';
import type { DeviceTokens } from './device-token.ts';
import type { Answer } from './ports/answers.ts';

export function problemResponse(code: ProblemCode, headers: Record<string, string> = {}): InvocationResponse {
  return fromProblem(problem(code), headers);
}

export function fromProblem(body: Problem, headers: Record<string, string> = {}): InvocationResponse {
  return {
    statusCode: body.status,
    headers: { 'content-type': PROBLEM_TYPE, ...headers },
    body: JSON.stringify(body),
  };
}

/**
 * The first answer again. A fact of it that storage would refuse as too old by now is left out: storage has it, and the
 * answer that gave it was one of an unchanged registration.
 */
export function repeatAnswer(
  answer: Answer,
  client: string,
  tokens: DeviceTokens,
  now: Date,
): InvocationResponse {
  const events = answer.events.filter(({ time }) => now.getTime() - Date.parse(time) < CLOCK_BEHIND_MS);
  return fromAnswer({ ...answer, events }, client, tokens);
}

/** An answer as a response; the device token is made here, so that none is ever stored. */
export function fromAnswer(answer: Answer, client: string, tokens: DeviceTokens): InvocationResponse {
  const { status, body, tokenOf, events } = answer;
  const deviceToken = tokenOf === undefined ? {} : { deviceToken: tokens.issue(client, tokenOf) };
  const full = Array.isArray(body) || body === null ? body : { ...body, ...deviceToken };
  return {
    statusCode: status,
    ...(full === null ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(full) }),
    events,
  };
}
