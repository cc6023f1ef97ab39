import type * as z from 'zod';
import { type Problem, problem } from './problem.ts';
import { sentenceOf } from './validation-sentence.ts';

export type Validated<T> = { ok: true; value: T } | { ok: false; problem: Problem };

const MAX_ERRORS = 10;
/** A member's name may be as long as its body: beyond this the answer names the object that holds it. */
const MAX_POINTER = 300;

/** Parses and checks a JSON body: `body_malformed` when it is no JSON, `body_invalid` with pointers otherwise. */
export function parseBody<T>(schema: z.ZodType<T>, body: string | undefined): Validated<T> {
  let json: unknown;
  try {
    json = JSON.parse(body ?? '');
  } catch {
    return { ok: false, problem: problem('body_malformed') };
  }
  const result = schema.safeParse(json, { error: sentenceOf });
  if (result.success) return { ok: true, value: result.data };
  const errors = result.error.issues.flatMap(errorsOf).slice(0, MAX_ERRORS);
  return { ok: false, problem: problem('body_invalid', { errors }) };
}

/** An error for each member that it is about. */
function errorsOf(issue: z.core.$ZodIssue): NonNullable<Problem['errors']> {
  const paths =
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  return paths.map((path) => {
    const exact = pointerOf(path);
    if (exact.length <= MAX_POINTER) return { pointer: exact, detail: issue.message };
    const held = path.findIndex((_, index) => pointerOf(path.slice(0, index + 1)).length > MAX_POINTER);
    return {
      pointer: pointerOf(path.slice(0, held)),
      detail: `in it, under a very long name: ${issue.message}`,
    };
  });
}

/** RFC 6901 */
const pointerOf = (path: PropertyKey[]) =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
