import { PROBLEM_TYPE, type Problem, type ProblemCode, problem } from '../contracts/problem.ts';
import { retryAfter } from '../contracts/retry-after.ts';
import type { Kong } from './pdk.ts';

/** Ends the request with a problem. `retryAfter`: seconds, for what may succeed later. */
export function exitWithProblem(
  kong: Kong,
  code: ProblemCode,
  extra: Pick<Problem, 'detail' | 'errors'> & { retryAfter?: number; headers?: Record<string, string> } = {},
): Promise<void> {
  const { retryAfter: seconds, headers, ...rest } = extra;
  const body = problem(code, rest);
  return kong.response.exit(body.status, Buffer.from(JSON.stringify(body)), {
    'content-type': PROBLEM_TYPE,
    ...headers,
    ...(seconds === undefined ? {} : { 'retry-after': retryAfter(seconds) }),
  });
}
