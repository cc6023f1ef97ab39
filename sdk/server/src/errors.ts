import type { components } from './api.ts';

export type ProblemCode = components['schemas']['Problem']['code'];

/**
 * The server's stable code; `http_<status>` where an answer has none; `timeout` and `unreachable` where there was no answer.
 * A newer server may have codes that these types do not know.
 */
export type ErrorCode = ProblemCode | 'timeout' | 'unreachable' | `http_${number}` | (string & {});

/** What is wrong with one place of a body: `pointer` is a JSON pointer (RFC 6901). */
export interface FieldError {
  pointer: string;
  detail: string;
}

interface Facts {
  status?: number;
  detail?: string;
  errors?: FieldError[];
  retryAfter?: number;
  requestId?: string;
  cause?: unknown;
}

/** Why a call did not go well, after the last repeat. It never holds the key, a token or a body. */
export class PistatsError extends Error {
  override name = 'PistatsError';
  readonly code: ErrorCode;
  /** HTTP; 0 where there was no answer */
  readonly status: number;
  /** of a body that was refused; else empty */
  readonly errors: FieldError[];
  /** s, where the server named a wait */
  readonly retryAfter?: number;
  /** what to name when you ask about it */
  readonly requestId?: string;

  constructor(
    code: ErrorCode,
    { status = 0, detail, errors = [], retryAfter, requestId, cause }: Facts = {},
  ) {
    super(detail ? `${code}: ${detail}` : code, { cause });
    this.code = code;
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/** From an answer that is no 2xx: a problem (RFC 9457), the gateway's `{message}`, or whatever stands before it. */
export function errorOf(response: Response, text: string, retryAfter?: number): PistatsError {
  const body = parse(text);
  const word = (name: string) => {
    const value = body[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return new PistatsError(word('code') ?? `http_${response.status}`, {
    status: response.status,
    detail: word('detail') ?? word('title') ?? word('message'),
    errors: Array.isArray(body.errors) ? body.errors.filter(isFieldError) : [],
    retryAfter,
    requestId: response.headers.get('x-kong-request-id') ?? word('request_id'),
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isFieldError(value: unknown): value is FieldError {
  const { pointer, detail } = (value ?? {}) as Partial<FieldError>;
  return typeof pointer === 'string' && typeof detail === 'string';
}
