import type { Test } from 'tap';
import type { GatewayOptions } from '../../infra/local/gateway/gateway.ts';
import { gatewayFor } from './gateway-fixture.ts';

export interface AdminAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the Admin API answers is what the tests are about
  body: any;
}

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A gateway whose configuration is synced: what `call` asks its Admin API, and its proxy's port. */
export async function syncedGateway(t: Test, options: Partial<GatewayOptions> & { dumps?: object[] } = {}) {
  const stateFile = options.stateFile ?? `${t.testdir({})}/entities.json`;
  const gateway = await gatewayFor(t, '', { declarative: undefined, adminPort: 0, ...options, stateFile });
  return { gateway, stateFile, call: caller(gateway.adminPort as number) };
}

export const caller =
  (port: number) =>
  async (method: string, path: string, body?: unknown): Promise<AdminAnswer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
