import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { readRunInfo } from '../../infra/local/run-info.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';

export const run = readRunInfo();
export const ORIGIN = 'https://www.example.com';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests read what openapi.yaml declares
  body: any;
  headers: Headers;
}

/** A request to the gateway; `key` is a raw API key, `body` is sent as JSON unless it is a string. */
export async function call(
  method: string,
  path: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string>; proxyUrl?: string } = {},
): Promise<Answer> {
  const { key, body, headers } = options;
  const response = await fetch(`${options.proxyUrl ?? run.proxyUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(key ? { 'x-api-key': key } : {}), ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}

export function key(client: string, name = 'pk'): string {
  const value = run.keys[client]?.[name];
  if (!value) throw new Error(`the stack has no key ${client}.${name}`);
  return value;
}

/** A registration body no other test uses. */
export function registration(overrides: Record<string, unknown> = {}) {
  return {
    property: 'www',
    device: {
      installationId: randomUUID(),
      platform: 'web',
      address: { kind: 'fcm_token', value: `token-${randomUUID()}` },
      locale: 'de-DE',
    },
    page: { url: 'https://www.example.com/a?utm_source=mail', referrer: 'https://search.example/' },
    ...overrides,
  };
}

const pools = new Map<string, pg.Pool>();
async function rows<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[]): Promise<T[]> {
  let pool = pools.get(url);
  if (!pool) {
    pool = new pg.Pool({ connectionString: url, max: 2 });
    pools.set(url, pool);
  }
  return (await pool.query<T>(text, values)).rows;
}

export const registry = <T extends pg.QueryResultRow>(text: string, ...values: unknown[]) =>
  rows<T>(run.registryUrl, text, values);
export const analytics = <T extends pg.QueryResultRow>(text: string, ...values: unknown[]) =>
  rows<T>(run.analyticsUrl, text, values);

export async function closePools(): Promise<void> {
  await Promise.all([...pools.values()].map((pool) => pool.end()));
  pools.clear();
}

/** The device's row by its installation, in the registry of any client. */
export const devices = (installationId: string) =>
  registry<{ client_id: string; id: string; locale: string | null }>(
    'select * from device where installation_id = $1',
    installationId,
  );

/** The stored events of a device, once there are `atLeast`. */
export const storedEvents = (deviceId: string, atLeast: number) =>
  waitUntil(
    `${atLeast} events of device ${deviceId}`,
    async () => {
      // biome-ignore lint/suspicious/noExplicitAny: rows of a test's own query
      const found = await analytics<any>('select * from events where device_id::text = $1', deviceId);
      return found.length >= atLeast ? found : null;
    },
    { timeoutMs: 30_000 },
  );
