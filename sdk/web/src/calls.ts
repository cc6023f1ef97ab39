import type { Entry, State } from './store.ts';
import { uuidv7 } from './uuid.ts';

/** A request that changes something: answered once, however often it is sent (Idempotency-Key). */
export interface Call {
  name: 'register' | 'subscribe' | 'unsubscribe' | 'optOut';
  /** Idempotency-Key, and by which the page that waits for the answer is found */
  key: string;
  user?: { id: string; token?: string };
  address?: { kind: string; value: string };
  page?: { url: string; referrer: string };
  topics?: string[];
}

export const newCall = (call: Omit<Call, 'key'>): Entry => {
  const body: Call = { ...call, key: uuidv7(Date.now()) };
  return { kind: 'call', at: Date.now(), size: JSON.stringify(body).length, body };
};

export interface CallRequest {
  method: 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  token?: string;
}

/** The call as HTTP; undefined where it needs a registration that there is not. */
export function requestOf(call: Call, state: State, property: string): CallRequest | undefined {
  const { registration } = state;
  const token = registration?.deviceToken;
  if (call.name === 'register') {
    const device = {
      installationId: state.installationId,
      platform: 'web',
      address: call.address,
      locale: navigator.language,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    return {
      method: 'POST',
      path: '/v1/registrations',
      token,
      body: { property, user: call.user, device, page: call.page },
    };
  }
  if (!registration) return undefined;
  if (call.name === 'optOut')
    return { method: 'DELETE', path: `/v1/registrations/${registration.registrationId}`, token };
  return {
    method: call.name === 'subscribe' ? 'POST' : 'DELETE',
    path: '/v1/subscriptions',
    token,
    body: { registrationId: registration.registrationId, topics: call.topics },
  };
}

/** What has to be said again for a registration to be another one. */
export const registrationSent = ({ user, address }: Pick<Call, 'user' | 'address'>): string =>
  JSON.stringify([user?.id, address?.value, navigator.language]);
