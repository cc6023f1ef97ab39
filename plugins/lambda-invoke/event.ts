import { isUtf8 } from 'node:buffer';
import { FORWARDED_HEADERS, type InvocationEvent } from '../../contracts/invocation.ts';
import type { Kong } from '../pdk.ts';
import { type AuthenticatedClient, getClient } from '../shared-context.ts';

export type ReadEvent = { client: null } | { client: AuthenticatedClient; event: InvocationEvent };

/** Reads the request in one round trip and makes the payload of the invocation; no client: nobody authenticated it. */
export async function readEvent(kong: Kong, pattern: string): Promise<ReadEvent> {
  const [client, body, method, path, query, ip, requestId, startTime, ...headers] = await Promise.all([
    getClient(kong),
    kong.request.getRawBody(),
    kong.request.getMethod(),
    kong.request.getPath(),
    kong.request.getRawQuery(),
    kong.client.getForwardedIp(),
    kong.nginx.getVar('kong_request_id'),
    kong.nginx.reqStartTime(),
    ...FORWARDED_HEADERS.map((name) => kong.request.getHeader(name)),
  ]);
  if (!client || !requestId) return { client: null };
  const present = FORWARDED_HEADERS.flatMap((name, index) => {
    const value = headers[index];
    return value ? [[name, value] as const] : [];
  });
  const named = Object.fromEntries(present);
  const timeEpoch = Math.round(startTime * 1000);
  const routeKey = `${method} ${pattern}`;
  const event: InvocationEvent = {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query ?? '',
    headers: named,
    pathParameters: pathParameters(pattern, path),
    ...bodyOf(body),
    requestContext: {
      accountId: 'pistats',
      apiId: 'pistats',
      domainName: 'pistats',
      domainPrefix: 'pistats',
      stage: '$default',
      routeKey,
      requestId,
      timeEpoch,
      time: new Date(timeEpoch).toISOString(),
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: ip, userAgent: named['user-agent'] ?? '' },
      authorizer: { lambda: client },
    },
  };
  return { client, event };
}

/** What is no UTF-8 goes as it is, in base64: read as text it would become other text without anyone noticing. */
function bodyOf(body: Buffer | string | undefined): Pick<InvocationEvent, 'body' | 'isBase64Encoded'> {
  const isBase64Encoded = typeof body === 'object' && !isUtf8(body);
  return { body: body ? body.toString(isBase64Encoded ? 'base64' : 'utf8') : undefined, isBase64Encoded };
}

/** `/v1/registrations/{id}` against `/v1/registrations/7` → `{id: '7'}`. */
export function pathParameters(pattern: string, path: string): Record<string, string> | undefined {
  if (!pattern.includes('{')) return undefined;
  const names = pattern.split('/');
  const values = path.split('/');
  const parameters: Record<string, string> = {};
  names.forEach((part, index) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    const value = values[index];
    if (name && value !== undefined) parameters[name] = decode(value);
  });
  return parameters;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
