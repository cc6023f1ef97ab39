import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface HttpAnswer {
  status: number;
  body: string;
  retryAfter: number | undefined;
  /** milliseconds of the attempt that was answered */
  ms: number;
}

const MAX_ATTEMPTS = 12;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
const ATTEMPT_TIMEOUT_MS = 30_000;

export interface HttpClient {
  /** Sends as the SDK does: one idempotency key over all attempts; gives the last answer, null: never any. */
  send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<HttpAnswer | null>;
  close(): void;
}

export interface Patience {
  maxAttempts: number;
  maxBackoffMs: number;
  /** hears of every attempt; null: there was no answer */
  onAttempt(answer: HttpAnswer | null): void;
}

const DEFAULT: Patience = { maxAttempts: MAX_ATTEMPTS, maxBackoffMs: MAX_BACKOFF_MS, onAttempt() {} };

/** 409 where a first attempt is still under way: its answer names a time, as 429's and 503's do. */
const mayComeAgain = ({ status, retryAfter }: HttpAnswer) =>
  status >= 500 || status === 429 || (status === 409 && retryAfter !== undefined);

/** Keeps connections alive and retries what may succeed later: 409, 429, 5xx and a lost connection, honouring Retry-After. */
export function createHttpClient(
  baseUrl: string,
  maxSockets: number,
  signal?: AbortSignal,
  { maxAttempts, maxBackoffMs, onAttempt }: Patience = DEFAULT,
): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const { hostname, port } = new URL(baseUrl);
  signal?.addEventListener('abort', () => agent.destroy(), { once: true });

  function attempt(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const options = {
        agent,
        host: hostname,
        port,
        method,
        path,
        headers,
        timeout: ATTEMPT_TIMEOUT_MS,
      };
      const outgoing = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const retryAfter = Number(response.headers['retry-after']);
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
            ms: performance.now() - startedAt,
          });
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  return {
    async send(method, path, headers, body) {
      const all = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'idempotency-key': randomUUID(),
        ...headers,
      };
      let answer: HttpAnswer | null = null;
      for (let tries = 0; tries < maxAttempts && !signal?.aborted; tries++) {
        answer = await attempt(method, path, all, body).catch(() => null);
        onAttempt(answer);
        if (answer && !mayComeAgain(answer)) return answer;
        const backoff = Math.random() * Math.min(maxBackoffMs, MIN_BACKOFF_MS * 2 ** tries);
        await delay((answer?.retryAfter ?? 0) * 1_000 + backoff, undefined, { signal }).catch(() => {});
      }
      return answer;
    },
    close: () => agent.destroy(),
  };
}
