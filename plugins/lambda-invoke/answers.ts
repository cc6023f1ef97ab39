import type { InvocationResponse } from '../../contracts/invocation.ts';
import { PROBLEM_TYPE, type ProblemCode, problem } from '../../contracts/problem.ts';

/** A problem in the shape of a function's answer. `retryAfter`: seconds. */
export function problemResponse(code: ProblemCode, retryAfter?: number): InvocationResponse {
  const body = problem(code);
  return {
    statusCode: body.status,
    headers: {
      'content-type': PROBLEM_TYPE,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
    },
    body: JSON.stringify(body),
  };
}

export function isResponse(value: unknown): value is InvocationResponse {
  if (typeof value !== 'object' || value === null) return false;
  const { statusCode, headers, body, events } = value as Record<string, unknown>;
  return (
    Number.isInteger(statusCode) &&
    (statusCode as number) >= 200 &&
    (statusCode as number) <= 599 &&
    (body === undefined || typeof body === 'string') &&
    (headers === undefined || (typeof headers === 'object' && headers !== null)) &&
    (events === undefined || Array.isArray(events))
  );
}

/** The answers of an invocation of `count` requests, or null when the payload is not of that shape. */
export function readAnswers(payload: unknown, count: number): InvocationResponse[] | null {
  const answers = count === 1 ? [payload] : (payload as { batch?: unknown } | null)?.batch;
  if (!Array.isArray(answers) || answers.length !== count) return null;
  return answers.every(isResponse) ? answers : null;
}
