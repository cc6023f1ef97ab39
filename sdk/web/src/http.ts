import { PistatsError } from './errors.ts';

/** A request hangs no longer than this; the server's own deadline is shorter. */
const TIMEOUT_MS = 25_000;

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the route answers (contracts/openapi.yaml)
  body: any;
  /** s, of a Retry-After */
  retryAfter?: number;
  /** ms, the server's clock less this machine's; undefined where the answer shows no Date */
  offset?: number;
}

/** Undefined: no answer. */
export async function ask(url: string, init: RequestInit): Promise<Answer | undefined> {
  const sentAt = Date.now();
  try {
    const response = await fetch(url, {
      credentials: 'omit',
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
      ...init,
    });
    const text = await response.text();
    const date = Date.parse(response.headers.get('date') ?? '');
    const seconds = Number(response.headers.get('retry-after') || Number.NaN);
    return {
      status: response.status,
      body: parse(text),
      retryAfter: seconds >= 0 ? seconds : undefined,
      // Date has whole seconds; the middle of the request is when it was made
      offset: date ? date + 500 - (sentAt + Date.now()) / 2 : undefined,
    };
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether the same may go well later: no answer, 408, 429 and 5xx, the first of two that came at once (409), and once the site has
 * mended its key.
 */
export const isPassing = (answer: Answer | undefined): boolean =>
  !answer || [408, 409, 429].includes(answer.status) || answer.status >= 500 || isRefusedKey(answer);

/** The key or the origin is refused: nothing of what waits is to blame, and nothing goes until the site has mended it. */
export const isRefusedKey = ({ status, body }: Answer): boolean =>
  (status === 401 || status === 403) && !/^(?:device|user)_token/.test(body?.code ?? '');

export const errorOf = ({ status, body }: Answer): PistatsError =>
  new PistatsError(body?.code ?? `http_${status}`, status, body?.detail ?? body?.title);
