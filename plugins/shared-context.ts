import type { KeyKind } from '../contracts/api-key.ts';
import type { InvocationResponse } from '../contracts/invocation.ts';
import type { Kong } from './pdk.ts';

/** What one plugin leaves for the next in kong.ctx.shared: JSON in a string, the cheapest value to carry over. */
const CLIENT = 'pistats_client';
const RESPONSE = 'pistats_response';

export interface AuthenticatedClient {
  client: string;
  kind: KeyKind;
}

export const setClient = (kong: Kong, client: AuthenticatedClient) =>
  kong.ctx.shared.set(CLIENT, JSON.stringify(client));
export const getClient = async (kong: Kong) => parse<AuthenticatedClient>(await kong.ctx.shared.get(CLIENT));

export const setResponse = (kong: Kong, response: InvocationResponse) =>
  kong.ctx.shared.set(RESPONSE, JSON.stringify(response));
export const getResponse = async (kong: Kong) =>
  parse<InvocationResponse>(await kong.ctx.shared.get(RESPONSE));

function parse<T>(value: unknown): T | null {
  return typeof value === 'string' && value !== '' ? (JSON.parse(value) as T) : null;
}
