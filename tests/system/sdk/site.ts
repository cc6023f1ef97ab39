import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { buildWebSdk } from '../../../sdk/web/build.ts';
import { findChromium, launchChromium } from '../../support/chromium.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { analytics, key, run } from '../api.ts';

interface Teardown {
  teardown(f: () => unknown): unknown;
}

/** The origin of the test clients (test-clients.ts), over http: Chromium finds it at this machine. */
export const SITE = 'http://www.example.com';

/** What stands between the page and the gateway, for a test to make trouble. */
export interface Trouble {
  /** answers instead of the gateway where it gives something */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  requests: { method: string; url: string; at: number }[];
}

/**
 * A site with the SDK in its pages: `/…` is a page of any name, `/pistats.mjs` and `/pistats.js` the SDK. `endpoint` is
 * the gateway under another origin. `head` stands in every page's head.
 */
export async function startSite(t: Teardown, head = '', headers: Record<string, string> = {}) {
  const dir = tempDir(t);
  await buildWebSdk(dir);
  const trouble: Trouble = { requests: [] };
  const gateway = new URL(run.proxyUrl);
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (url.startsWith('/pistats.')) {
      response.setHeader('content-type', 'text/javascript');
      response.end(readFileSync(join(dir, url.slice(1))));
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(`<!doctype html><html lang="en"><head><title>${url}</title>${head}</head>
      <body><h1>${url}</h1>${'<p>a long page</p>'.repeat(100)}</body></html>`);
  });
  // the gateway as the page sees it: another origin, with every answer that it really gives
  const proxy = createServer((request, response) => {
    if (request.method !== 'OPTIONS')
      trouble.requests.push({ method: request.method ?? '', url: request.url ?? '', at: Date.now() });
    if (trouble.intercept?.(request, response)) return;
    const upstream = connect(Number(gateway.port), gateway.hostname);
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const [name, value] = [request.rawHeaders[i] as string, request.rawHeaders[i + 1] as string];
      if (!/^connection$/i.test(name)) lines.push(`${name}: ${value}`);
    }
    upstream.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    request.pipe(upstream, { end: false });
    const socket = response.socket;
    upstream.on('data', (chunk) => socket?.write(chunk));
    upstream.on('end', () => socket?.end());
    upstream.on('error', () => socket?.destroy());
  });
  for (const one of [server, proxy]) {
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      one.closeAllConnections();
      one.close();
    });
  }
  const port = (one: typeof server) => (one.address() as AddressInfo).port;
  return { port: port(server), endpoint: `http://127.0.0.1:${port(proxy)}`, trouble };
}

export type Site = Awaited<ReturnType<typeof startSite>>;

export async function startBrowser(t: Teardown, { port }: Site): Promise<Browser> {
  const browser = await launchChromium(findChromium() as string, SITE, port);
  t.teardown(() => browser.close());
  return browser;
}

/** A visitor: a profile of their own. */
export async function visitor(t: Teardown, browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'de-DE' });
  t.teardown(() => context.close());
  return context;
}

/** Opens a page with the SDK started in it; `window.sdk` is the SDK. */
export async function open(
  context: BrowserContext,
  site: Site,
  path: string,
  options: object = {},
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${SITE}${path}`);
  await start(page, site, options);
  return page;
}

export async function start(page: Page, site: Site, options: object = {}): Promise<void> {
  const all = { key: key('first'), endpoint: site.endpoint, property: 'www', engagement: false, ...options };
  await page.evaluate(async (given) => {
    const { init } = await import(`${location.origin}/pistats.mjs`);
    (window as unknown as { sdk: unknown }).sdk = init(given);
  }, all);
}

/** The rows of events whose data has `mark`. */
export const stored = (mark: string) =>
  analytics<Record<string, unknown> & { seq: number; type: string; session_id: string }>(
    `select * from events where client_id = 'first' and data ->> 'mark' = $1 order by seq`,
    mark,
  );

/** Waits until `count` rows have `mark`, and gives them. */
export const arrived = (mark: string, count: number) =>
  waitUntil(
    `${count} events of ${mark}`,
    async () => {
      const rows = await stored(mark);
      return rows.length >= count ? rows : null;
    },
    { timeoutMs: 60_000 },
  );
