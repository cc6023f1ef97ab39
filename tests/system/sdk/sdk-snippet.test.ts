import { randomUUID } from 'node:crypto';
import t from 'tap';
import { findChromium, NO_CHROMIUM } from '../../support/chromium.ts';
import { closePools, key } from '../api.ts';
import { arrived, SITE, startBrowser, startSite, visitor } from './site.ts';

t.teardown(closePools);
const skip = findChromium() ? false : NO_CHROMIUM;

t.test('the snippet, under a strict CSP', { skip }, async (t) => {
  const nonce = 'abc123';
  const csp = (endpoint: string) =>
    `default-src 'none'; script-src 'nonce-${nonce}'; connect-src ${endpoint}; style-src 'nonce-${nonce}'; require-trusted-types-for 'script'`;
  const headers: Record<string, string> = {};
  const stub = `<script nonce="${nonce}">window.pistats=window.pistats||function(){var a=arguments;return new Promise(function(f,r){(pistats.q=pistats.q||[]).push([a,f,r])})}</script><script async nonce="${nonce}" src="/pistats.js"></script>`;
  const site = await startSite(t, stub, headers);
  headers['content-security-policy'] = csp(site.endpoint);
  const browser = await startBrowser(t, site);
  const context = await visitor(t, browser);
  const page = await context.newPage();
  const violations: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) violations.push(message.text());
  });
  await page.goto(`${SITE}/snippet`);
  const m = `mark-${randomUUID()}`;
  await page.evaluate(
    async ([options, m]) => {
      const pistats = (window as unknown as { pistats: (...given: unknown[]) => Promise<unknown> }).pistats;
      await pistats('init', options);
      await pistats('track', 'read', { mark: m });
    },
    [{ key: key('first'), endpoint: site.endpoint, property: 'www', pageViews: false }, m] as const,
  );
  t.equal((await arrived(m, 1)).length, 1);
  // what playwright itself injects is no violation of the SDK's
  t.same(
    violations.filter((text) => !/evaluate/.test(text)),
    [],
  );
});
