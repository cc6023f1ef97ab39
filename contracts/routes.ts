import type * as z from 'zod';
import {
  eventsRequest,
  eventsResponse,
  registrationRequest,
  registrationResponse,
  subscriptionRequest,
  subscriptionResponse,
} from './http.ts';
import type { ProblemCode } from './problem.ts';

/** What one route takes and answers: the one place from which openapi.yaml is made. */
export interface RouteContract {
  method: 'post' | 'delete';
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  /** name and schema of the body, under components/schemas */
  request?: { name: string; schema: z.ZodType };
  /** the body may also come as text/plain with the key in it (sendBeacon) */
  plainText?: boolean;
  deviceToken: 'required' | 'optional' | 'none';
  success: { status: number; description: string; name?: string; schema?: z.ZodType }[];
  /** what it answers beyond GATEWAY_CODES */
  codes: ProblemCode[];
}

/** Any route may answer these: client-auth's, and the gateway's backstop. */
export const GATEWAY_CODES: ProblemCode[] = [
  'key_missing',
  'key_invalid',
  'key_expired',
  'client_disabled',
  'key_kind',
  'origin_not_allowed',
  'too_many_requests',
  'unavailable',
];

/** Any route that a function answers. */
const FUNCTION_CODES: ProblemCode[] = [
  'client_unknown',
  'idempotency_in_progress',
  'idempotency_mismatch',
  'busy',
  'function_failed',
  'function_timeout',
];
const BODY_CODES: ProblemCode[] = ['body_malformed', 'body_invalid'];

/** Codes that no route of this table answers, each with its reason. */
export const OTHER_CODES: Partial<Record<ProblemCode, string>> = {
  scope_missing: 'for the routes of secret keys, which are still to come',
};

const subscription = {
  path: '/v1/subscriptions',
  request: { name: 'SubscriptionRequest', schema: subscriptionRequest },
  deviceToken: 'required',
  codes: [...BODY_CODES, ...FUNCTION_CODES, 'registration_unknown', 'device_token_invalid'],
} as const satisfies Partial<RouteContract>;

export const ROUTES: RouteContract[] = [
  {
    method: 'post',
    path: '/v1/registrations',
    operationId: 'register',
    summary: 'Create or refresh a user and its device',
    description:
      'A device is known by its client, property and installationId. A known one that has not changed is answered 200 and nothing is written; to change it, its device token is needed.',
    request: { name: 'RegistrationRequest', schema: registrationRequest },
    deviceToken: 'optional',
    success: [
      { status: 201, description: 'New', name: 'RegistrationResponse', schema: registrationResponse },
      { status: 200, description: 'Known', name: 'RegistrationResponse', schema: registrationResponse },
    ],
    codes: [
      ...BODY_CODES,
      ...FUNCTION_CODES,
      'property_unknown',
      'device_token_invalid',
      'user_token_invalid',
    ],
  },
  {
    method: 'delete',
    path: '/v1/registrations/{id}',
    operationId: 'unregister',
    summary: 'Opt out: the device and its subscriptions go',
    deviceToken: 'required',
    success: [{ status: 204, description: 'Gone' }],
    // route_unknown: what stands for {id} has not even the length of one
    codes: [...FUNCTION_CODES, 'registration_unknown', 'device_token_invalid', 'route_unknown'],
  },
  {
    ...subscription,
    method: 'post',
    operationId: 'subscribe',
    summary: 'A device joins topics',
    success: [
      { status: 200, description: 'Joined', name: 'SubscriptionResponse', schema: subscriptionResponse },
    ],
  },
  {
    ...subscription,
    method: 'delete',
    operationId: 'unsubscribe',
    summary: 'A device leaves topics',
    success: [
      { status: 200, description: 'Left', name: 'SubscriptionResponse', schema: subscriptionResponse },
    ],
  },
  {
    method: 'post',
    path: '/v1/events',
    operationId: 'sendEvents',
    summary: 'Send 1 to 100 analytics events',
    description:
      'Answered once they are durable. The body may also be text/plain, with the key in it and no header: what navigator.sendBeacon can send.',
    request: { name: 'EventsRequest', schema: eventsRequest },
    plainText: true,
    deviceToken: 'none',
    success: [{ status: 202, description: 'Durable', name: 'EventsResponse', schema: eventsResponse }],
    codes: BODY_CODES,
  },
];
