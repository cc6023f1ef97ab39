import type * as z from 'zod';
import { type Problem, problem } from './problem.ts';

export type Validated<T> = { ok: true; value: T } | { ok: false; problem: Problem };

const MAX_DETAIL = 200;

/** Parses and checks a JSON body: `body_malformed` when it is no JSON, `body_invalid` with pointers otherwise. */
export function parseBody<T>(schema: z.ZodType<T>, body: string | undefined): Validated<T> {
  let json: unknown;
  try {
    json = JSON.parse(body ?? '');
  } catch {
    return { ok: false, problem: problem('body_malformed') };
  }
  const result = schema.safeParse(json);
  if (result.success) return { ok: true, value: result.data };
  const errors = result.error.issues.slice(0, 10).map((issue) => ({
    pointer: issue.path
      .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join(''),
    // zod names unknown fields in full, and a body may hold one of 64 KiB
    detail: issue.message.length > MAX_DETAIL ? `${issue.message.slice(0, MAX_DETAIL)}…` : issue.message,
  }));
  return { ok: false, problem: problem('body_invalid', { errors }) };
}
