import { errorOf, PistatsError } from './errors.ts';
import { retryAfterOf } from './pause.ts';

export type Fetch = typeof globalThis.fetch;

/** What is sent, the same each time. */
export interface Sending {
  url: string;
  method: string;
  headers: Headers;
  /** JSON; undefined: none */
  body: string | undefined;
  /** the caller's */
  signal: AbortSignal;
}

/** Whether the same may go well later: no answer, 408, 429, 5xx but 501, and a first try that is still under way. */
export function isPassing({ code, status }: PistatsError): boolean {
  if (status === 0) return code === 'timeout' || code === 'unreachable';
  return status === 408 || status === 429 || (status >= 500 && status !== 501) || code === IN_PROGRESS;
}
const IN_PROGRESS = 'idempotency_in_progress';
const NO_BODY = [204, 205, 304];

/**
 * One try, its answer read to the end, so that a connection which ends half-way is a failure of this try.
 * @throws PistatsError where the answer is no 2xx, no JSON, or there is none; the signal's reason where the caller gave up
 */
export async function attempt(fetch: Fetch, sending: Sending, timeoutMs: number): Promise<Response> {
  const { url, signal, ...request } = sending;
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    // a redirect would carry the key to wherever it leads; `error` is not known at every edge
    const init = { ...request, redirect: 'manual', signal: AbortSignal.any([signal, timeout]) } as const;
    response = await fetch(url, init);
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    throw new PistatsError(timeout.aborted ? 'timeout' : 'unreachable', { cause });
  }
  const { status, headers } = response;
  if (!response.ok || !isJson(text)) throw errorOf(response, text, retryAfterOf(headers, Date.now()));
  return new Response(NO_BODY.includes(status) ? null : text, { status, headers });
}

/** What stands before the gateway may answer 200 with a page of its own. */
function isJson(text: string): boolean {
  if (text === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
