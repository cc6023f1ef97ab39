import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { ColdStart, InvocationResponse } from '../../contracts/invocation.ts';
import { PROBLEM_TYPE, type ProblemCode, problem } from '../../contracts/problem.ts';
import { retryAfter } from '../../contracts/retry-after.ts';

/** A problem in the shape of a function's answer. `seconds`: until it may succeed. */
export function problemResponse(code: ProblemCode, seconds?: number): InvocationResponse {
  const body = problem(code);
  return {
    statusCode: body.status,
    headers: {
      'content-type': PROBLEM_TYPE,
      ...(seconds === undefined ? {} : { 'retry-after': retryAfter(seconds) }),
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
    (headers === undefined || areHeaders(headers)) &&
    (events === undefined || (Array.isArray(events) && events.every(isFact)))
  );
}

/** What would be refused when the answer is sent must be refused before its facts are forwarded. */
function areHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  try {
    for (const [name, value] of Object.entries(headers)) {
      if (!['string', 'number', 'boolean'].includes(typeof value)) return false;
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    return true;
  } catch {
    return false;
  }
}

function isFact(event: unknown): boolean {
  const { id, type } = (event ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof type === 'string';
}

/** The answers of an invocation of `count` requests, or null when the payload is not of that shape. */
export function readAnswers(payload: unknown, count: number): InvocationResponse[] | null {
  const answers = count === 1 ? [payload] : (payload as { batch?: unknown } | null)?.batch;
  if (!Array.isArray(answers) || answers.length !== count) return null;
  return answers.every(isResponse) ? answers : null;
}

/** Takes out what an environment's first answer says of its start; seconds its initialisation took, or null. */
export function takeColdStart(payload: unknown): number | null {
  if (typeof payload !== 'object' || payload === null || !('coldStart' in payload)) return null;
  const { coldStart } = payload as ColdStart;
  delete payload.coldStart;
  const ms = coldStart?.initMs;
  return typeof ms === 'number' && ms >= 0 ? ms / 1_000 : null;
}
