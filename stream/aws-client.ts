import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { Pool } from 'undici';
import { locateService } from './aws-service.ts';
import { Sha256 } from './sha256.ts';

export interface AwsCall {
  /** percent-encoded */
  path: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
}

export interface AwsAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One attempt. Any status is an answer; throws an AwsCallError when there was none. */
export type AwsPost = (call: AwsCall) => Promise<AwsAnswer>;

/** Says no more than this: what a library says of a failed call may hold addresses and keys. */
export class AwsCallError extends Error {
  readonly kind: 'timeout' | 'unreachable';
  constructor(service: string, kind: 'timeout' | 'unreachable', why: string) {
    super(`${service}: ${why}`);
    this.kind = kind;
  }
}

/** What the AWS SDKs allow, too. */
const MAX_CONNECTIONS = 50;
const CONNECT_TIMEOUT_MS = 2_000;
/** A service says when it closes an idle connection sooner. */
const KEEP_ALIVE_MS = 20_000;
/** AWS refuses a signature whose time is further off than this. */
const MAX_SKEW_MS = 300_000;

/**
 * Signed POSTs over connections that are kept: the few steps of an AWS SDK that a call needs. Credentials come from the
 * SDK's own chain, which keeps them and renews them before they expire.
 */
export function createAwsClient(service: 'lambda' | 'kinesis'): AwsPost {
  const { region, endpoint } = locateService(service);
  const prefix = endpoint.pathname.replace(/\/$/, '');
  const pool = new Pool(endpoint.origin, {
    connections: MAX_CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // a function may run for long: the call's own time-out ends it
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const signer = new SignatureV4({
    service,
    region,
    credentials: defaultProvider({ clientConfig: { region } }),
    sha256: Sha256,
  });
  let skewMs = 0;

  async function send(call: AwsCall, signal: AbortSignal): Promise<AwsAnswer> {
    const request = {
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      path: prefix + call.path,
      headers: { host: endpoint.host, 'user-agent': 'pistats', ...call.headers },
      // encoded once, for the signature and for the socket
      body: Buffer.from(call.body),
    };
    const { headers } = await signer.sign(request, { signingDate: new Date(Date.now() + skewMs) });
    const answer = await pool.request({
      method: 'POST',
      path: request.path,
      headers,
      body: request.body,
      signal,
    });
    if (answer.statusCode >= 400) correctClock(String(answer.headers.date));
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  /** A gateway whose clock is wrong is refused once. */
  function correctClock(date: string): void {
    const now = Date.now();
    const there = Date.parse(date);
    if (Math.abs(there - now - skewMs) >= MAX_SKEW_MS) skewMs = there - now;
  }

  return async (call) => {
    const aborter = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    // fetching credentials takes no signal, so the call is raced as a whole
    const late = new Promise<never>((_, reject) => {
      const end = () => {
        reject(new AwsCallError(service, 'timeout', 'no answer within the time'));
        aborter.abort();
      };
      timer = setTimeout(end, Math.max(1, call.timeoutMs));
    });
    try {
      return await Promise.race([send(call, aborter.signal), late]);
    } catch (error) {
      if (error instanceof AwsCallError) throw error;
      const { code, name } = error as NodeJS.ErrnoException;
      throw new AwsCallError(service, 'unreachable', code ?? name);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The name of the error that a service answered; a prefix and a suffix that some services add are left out. */
export function errorType({ headers, body }: AwsAnswer): string {
  const name = headers['x-amzn-errortype'] ?? typeIn(body);
  return String(name ?? '')
    .replace(/[:,].*/, '')
    .replace(/.*#/, '');
}

function typeIn(body: string): unknown {
  try {
    const { code, __type } = JSON.parse(body) as { code?: unknown; __type?: unknown };
    return code ?? __type;
  } catch {
    return undefined;
  }
}
