import { PROBLEM_TYPE, type Problem, type ProblemCode, problem } from '../contracts/problem.ts';
import type { Kong } from './pdk.ts';

/** Ends the request with a problem. `retryAfter`: seconds, for what may succeed later. */
export function exitWithProblem(
  kong: Kong,
  code: ProblemCode,
  extra: Pick<Problem, 'detail' | 'errors'> & { retryAfter?: number; headers?: Record<string, string> } = {},
): Promise<void> {
  const { retryAfter, headers, ...rest } = extra;
  const body = problem(code, rest);
  return kong.response.exit(body.status, Buffer.from(JSON.stringify(body)), {
    'content-type': PROBLEM_TYPE,
    ...headers,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
  });
}
