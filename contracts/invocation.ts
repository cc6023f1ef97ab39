import type { KeyKind } from './api-key.ts';
import type { Fact } from './cloud-event.ts';

/**
 * What a function receives: API Gateway payload format 2.0, so that its standard types and middleware apply.
 * Only the fields below are filled; `headers` is an allow-list (FORWARDED_HEADERS).
 */
export interface InvocationEvent {
  version: '2.0';
  /** e.g. `POST /v1/registrations`, the route's pattern with `{id}` for a path parameter */
  routeKey: string;
  rawPath: string;
  rawQueryString: string;
  headers: Record<string, string>;
  pathParameters?: Record<string, string>;
  body?: string;
  isBase64Encoded: boolean;
  requestContext: {
    accountId: string;
    apiId: string;
    domainName: string;
    domainPrefix: string;
    stage: string;
    routeKey: string;
    /** Kong's request id: the same when Kong repeats the request */
    requestId: string;
    /** milliseconds since the epoch: the gateway's first receipt */
    timeEpoch: number;
    time: string;
    http: { method: string; path: string; protocol: string; sourceIp: string; userAgent: string };
    /** as a Lambda authorizer's context; the only source of the client's identity */
    authorizer: { lambda: { client: string; kind: KeyKind } };
  };
}

export interface InvocationResponse {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
  /** facts to be made durable before the client hears 2xx; never sent to the client */
  events?: Fact[];
}

/** Under load one invocation carries many; the answers come in the same order, each with its own status. */
export interface BatchEvent {
  batch: InvocationEvent[];
}
export interface BatchResponse {
  batch: InvocationResponse[];
}

/** Beside the answer or the answers, in the first ones of an environment: for the gateway's counters, never for a client. */
export interface ColdStart {
  coldStart?: {
    /** milliseconds from the start of the environment's process until its handler was there */
    initMs: number;
  };
}

/** The request headers a function may see. */
export const FORWARDED_HEADERS = [
  'content-type',
  'idempotency-key',
  'origin',
  'referer',
  'user-agent',
  'x-device-token',
] as const;

/** Limit of a synchronous Lambda payload in either direction (AWS Lambda quotas: 6 MB). */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
