/**
 * Every error a client can see: one stable code each. Kong's own 413 and 429 keep Kong's body.
 */
export const PROBLEMS = {
  key_missing: { status: 401, title: 'An API key is required' },
  key_invalid: { status: 401, title: 'The API key is not known' },
  key_expired: { status: 401, title: 'The API key has expired' },
  client_disabled: { status: 403, title: 'This client is disabled' },
  key_kind: { status: 403, title: 'This kind of API key may not be used here' },
  scope_missing: { status: 403, title: 'The API key lacks the scope for this' },
  origin_not_allowed: { status: 403, title: 'The API key may not be used from this origin' },
  device_token_invalid: {
    status: 403,
    title: 'The device token is missing or does not belong to this device',
  },
  user_token_invalid: {
    status: 403,
    title: 'The user token is missing, expired or not signed by this client',
  },
  body_malformed: { status: 400, title: 'The body is not valid JSON' },
  body_invalid: { status: 400, title: 'The body does not have the expected shape' },
  property_unknown: { status: 400, title: 'This client has no such property' },
  registration_unknown: { status: 404, title: 'There is no such registration' },
  route_unknown: { status: 404, title: 'There is nothing at this address' },
  idempotency_in_progress: { status: 409, title: 'A request with this idempotency key is still in progress' },
  idempotency_mismatch: { status: 422, title: 'This idempotency key was used with another body' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  function_failed: { status: 502, title: 'The request could not be processed' },
  busy: { status: 503, title: 'Too many requests are waiting; try again later' },
  client_unknown: { status: 503, title: 'This client is not set up yet; try again later' },
  unavailable: { status: 503, title: 'A part of the service is unavailable; try again later' },
  function_timeout: { status: 504, title: 'The request was not processed in time' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** RFC 9457 body. `errors` points at what is wrong with a body (JSON pointers, RFC 6901). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problem(code: ProblemCode, extra: Pick<Problem, 'detail' | 'errors'> = {}): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:pistats:problem:${code}`, title, status, code, ...extra };
}
