import { randomUUID } from 'node:crypto';
import type { InvocationEvent, InvocationResponse } from '../../contracts/invocation.ts';
import { createDeviceTokens } from '../../lambdas/device-token.ts';

export const tokens = createDeviceTokens({ k1: 'a secret of device tokens for tests only' });

export interface RequestOptions {
  client?: string;
  /** Idempotency-Key */
  key?: string;
  /** X-Device-Token */
  token?: string;
  /** Kong's request id */
  requestId?: string;
}

/** A request as the gateway hands it to a function: API Gateway's payload format 2.0. */
export function invocation(
  routeKey: string,
  body: unknown,
  { client = 'demo', key, token, requestId = randomUUID() }: RequestOptions = {},
  pathParameters?: Record<string, string>,
): InvocationEvent {
  const [method, path] = routeKey.split(' ') as [string, string];
  return {
    version: '2.0',
    routeKey,
    rawPath: path.replace('{id}', pathParameters?.id ?? ''),
    rawQueryString: '',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(token === undefined ? {} : { 'x-device-token': token }),
    },
    pathParameters,
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'pistats',
      domainName: 'localhost',
      domainPrefix: '',
      stage: '$default',
      routeKey,
      requestId,
      timeEpoch: 0,
      time: '',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: '' },
      authorizer: { lambda: { client, kind: 'pk' } },
    },
  };
}

/** A registration's body: `device` and `rest` change it. */
export const registration = (device: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  property: 'www',
  device: { installationId: 'installation-1', platform: 'web', ...device },
  ...rest,
});

export const registerEvent = (body: unknown = registration(), options?: RequestOptions) =>
  invocation('POST /v1/registrations', body, options);
export const removeEvent = (id: string, options?: RequestOptions) =>
  invocation('DELETE /v1/registrations/{id}', undefined, options, { id });
export const joinEvent = (registrationId: string, topics: unknown, options?: RequestOptions) =>
  invocation('POST /v1/subscriptions', { registrationId, topics }, options);
export const leaveEvent = (registrationId: string, topics: unknown, options?: RequestOptions) =>
  invocation('DELETE /v1/subscriptions', { registrationId, topics }, options);

/** A response with its body read: `code` is that of a problem. */
export function answerOf(response: InvocationResponse) {
  // biome-ignore lint/suspicious/noExplicitAny: the tests read what openapi.yaml declares
  const body: any = response.body === undefined ? null : JSON.parse(response.body);
  const retryAfter = response.headers?.['retry-after'];
  return { status: response.statusCode, body, code: body?.code, retryAfter, events: response.events ?? [] };
}
