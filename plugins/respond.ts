import type { InvocationResponse } from '../contracts/invocation.ts';
import type { Kong } from './pdk.ts';

/** Gives a function's answer to the client; its facts stay behind. */
export function respond(kong: Kong, { statusCode, headers = {}, body }: InvocationResponse): Promise<void> {
  const typed =
    body && !headers['content-type'] ? { 'content-type': 'application/json', ...headers } : headers;
  return kong.response.exit(statusCode, body ? Buffer.from(body) : undefined, typed);
}
