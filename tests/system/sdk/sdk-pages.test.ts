import { randomUUID } from 'node:crypto';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { findChromium, NO_CHROMIUM } from '../../support/chromium.ts';
import { analytics, closePools, registry } from '../api.ts';
import { arrived, open, SITE, start, startBrowser, startSite, stored, visitor } from './site.ts';

t.teardown(closePools);
const skip = findChromium() ? false : NO_CHROMIUM;
const mark = () => `mark-${randomUUID()}`;

t.test('in a real browser, against the real gateway', { skip }, async (t) => {
  const site = await startSite(t);
  const browser = await startBrowser(t, site);
  t.afterEach(() => {
    site.trouble.intercept = undefined;
    site.trouble.requests.length = 0;
  });

  t.test('registers once, and what it tracks has device, session and number', async (t) => {
    const context = await visitor(t, browser);
    const page = await open(context, site, '/a', { pageViews: false });
    const one = await page.evaluate(() => window.sdk.register({ user: { id: 'reader-1' } }));
    t.match(one, { created: true, deviceId: /^[0-9a-f-]{36}$/ });
    t.notOk('deviceToken' in one, 'a secret of the SDK’s own');
    const again = await page.evaluate(() => window.sdk.register({ user: { id: 'reader-1' } }));
    t.match(again, { deviceId: one.deviceId, created: false });
    t.equal(
      site.trouble.requests.filter(({ url }) => url === '/v1/registrations').length,
      1,
      'nobody is asked twice',
    );
    const m = mark();
    await page.evaluate(
      (m) => Promise.all([1, 2, 3].map((n) => window.sdk.track('read', { mark: m, n }))),
      m,
    );
    const rows = await arrived(m, 3);
    t.same(
      rows.map(({ seq }) => seq),
      [1, 2, 3],
    );
    for (const row of rows)
      t.match(row, {
        property: 'www',
        device_id: one.deviceId,
        user_id: 'reader-1',
        type: 'client.read',
        sdk: /^@pistats\/web\//,
      });
    t.equal(new Set(rows.map(({ session_id }) => session_id)).size, 1);
    const [device] = await registry('select locale, platform from device where id = $1', one.deviceId);
    t.match(device, { locale: 'de-DE', platform: 'web' });
  });

  t.test('a first visit, with all that it does by itself, leaves nothing on the console', async (t) => {
    const context = await visitor(t, browser);
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    await page.goto(`${SITE}/first-visit`);
    await start(page, site, { engagement: true });
    await waitUntil('its page view', async () => {
      const found = await analytics(`select 1 from events where page_path = '/first-visit'`);
      return found.length > 0;
    });
    t.same(said, []);
    t.match(
      site.trouble.requests,
      [{ url: '/v1/time' }, { url: '/v1/events' }],
      'the clock is asked for once',
    );
  });

  t.test('topics are joined and left; what the server refuses is its code', async (t) => {
    const page = await open(await visitor(t, browser), site, '/topics', { pageViews: false });
    const early = await page.evaluate(() =>
      window.sdk.subscribe(['sport']).catch((error) => ({ code: error.code })),
    );
    t.same(early, { code: 'not_registered' });
    const answers = await page.evaluate(async () => {
      await window.sdk.register();
      return [
        await window.sdk.subscribe(['sport', 'news']),
        await window.sdk.unsubscribe(['news']),
        await window.sdk
          .subscribe(['not a topic'])
          .catch(({ name, code, status }) => ({ name, code, status })),
      ];
    });
    t.same(answers, [
      [
        { name: 'sport', state: 'joined' },
        { name: 'news', state: 'joined' },
      ],
      [{ name: 'news', state: 'left' }],
      { name: 'PistatsError', code: 'body_invalid', status: 400 },
    ]);
  });

  t.test('pages of a single-page app, and the way back, are page views', async (t) => {
    const page = await open(await visitor(t, browser), site, '/spa');
    await page.evaluate(async () => {
      history.pushState({}, '', '/spa/article');
      await new Promise((done) => setTimeout(done));
      history.pushState({}, '', '/spa/article#comments');
      await new Promise((done) => setTimeout(done));
      history.back();
    });
    await waitUntil('the way back', () => page.url().endsWith('/spa/article'));
    await page.evaluate(() => history.back());
    await page.evaluate(() => window.sdk.flush());
    const rows = await waitUntil('three views', async () => {
      const found = await analytics(
        `select page_path, data -> 'page' ->> 'referrer' as referrer from events
         where type = 'client.page_view' and page_path like '/spa%' order by seq`,
      );
      return found.length >= 3 ? found : null;
    });
    t.same(rows, [
      { page_path: '/spa', referrer: '' },
      { page_path: '/spa/article', referrer: `${SITE}/spa` },
      { page_path: '/spa', referrer: `${SITE}/spa/article` },
    ]);
  });

  t.test('offline, closed, and opened again: nothing is lost, nothing stored twice', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const page = await open(context, site, '/offline', { pageViews: false });
    await page.evaluate((m) => window.sdk.track('read', { mark: m, n: 0 }), m);
    await arrived(m, 1);
    await context.setOffline(true);
    await page.evaluate(
      (m) => Promise.all([1, 2, 3, 4].map((n) => window.sdk.track('read', { mark: m, n }))),
      m,
    );
    await page.close();
    t.equal((await stored(m)).length, 1);
    await context.setOffline(false);
    await open(context, site, '/again', { pageViews: false });
    const rows = await arrived(m, 5);
    t.same(
      rows.map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    );
  });

  t.test('a tab that is closed while it sends: its events arrive once', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const page = await open(context, site, '/closing', { pageViews: false });
    // the gateway takes them, and the answer never comes
    let swallowed = 0;
    site.trouble.intercept = (request, response) => {
      if (request.url !== '/v1/events') return false;
      swallowed++;
      response.socket?.on('error', () => {});
      return true;
    };
    await page.evaluate(
      (m) => Promise.all([1, 2, 3].map((n) => window.sdk.track('read', { mark: m, n }))),
      m,
    );
    await waitUntil('them to be under way', () => swallowed > 0);
    await page.close({ runBeforeUnload: false });
    site.trouble.intercept = undefined;
    await open(context, site, '/after', { pageViews: false });
    t.same(
      (await arrived(m, 3)).map(({ seq }) => seq),
      [1, 2, 3],
    );
  });

  t.test('two tabs are one session, and one of them sends', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const tabs = [
      await open(context, site, '/one', { pageViews: false }),
      await open(context, site, '/two', { pageViews: false }),
    ];
    await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async (m) => {
          for (let n = 0; n < 20; n++) await window.sdk.track('read', { mark: m });
        }, m),
      ),
    );
    const rows = await arrived(m, 40);
    t.same(
      rows.map(({ seq }) => seq),
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    t.equal(new Set(rows.map(({ session_id }) => session_id)).size, 1);
  });

  t.test('a server that fails, is busy or hangs up is asked again, by its own word', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const page = await open(context, site, '/failing', { pageViews: false });
    const answers: [status: number, headers: Record<string, string>][] = [
      [502, {}],
      [429, { 'retry-after': '1' }],
      [0, {}],
      [503, {}],
    ];
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after, date' };
    site.trouble.intercept = (request, response) => {
      if (request.url !== '/v1/events' || answers.length === 0) return false;
      const [status, headers] = answers.shift() as [number, Record<string, string>];
      if (status === 0) response.socket?.destroy();
      else response.writeHead(status, { ...cors, ...headers }).end('{}');
      return true;
    };
    await page.evaluate((m) => window.sdk.track('read', { mark: m }), m);
    t.equal((await arrived(m, 1)).length, 1);
    const times = site.trouble.requests.filter(({ url }) => url === '/v1/events').map(({ at }) => at);
    t.equal(times.length, 5);
    t.ok((times[2] as number) - (times[1] as number) >= 1_000, 'after what Retry-After says');
  });

  t.test(
    'a clock that is three hours off: events have the server’s time, and none is rejected',
    async (t) => {
      for (const hours of [3, -3]) {
        const context = await visitor(t, browser);
        await context.addInitScript((ms) => {
          const real = Date.now.bind(Date);
          const RealDate = Date;
          // @ts-expect-error a clock that is wrong
          globalThis.Date = class extends RealDate {
            constructor(...given: []) {
              if (given.length === 0) super(real() + ms);
              else super(...given);
            }
          };
          Date.now = () => real() + ms;
          Date.parse = RealDate.parse;
        }, hours * 3_600_000);
        const m = mark();
        const page = await open(context, site, '/clock', { pageViews: false });
        await page.evaluate((m) => window.sdk.track('read', { mark: m }), m);
        const [row] = await arrived(m, 1);
        const off = Number(row?.occurred_at) - Number(row?.received_at);
        t.ok(Math.abs(off) < 60_000, `${hours} h: ${off} ms`);
      }
    },
  );

  t.test('a key that is refused stops the page, not what waits', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const page = await open(context, site, '/refused', { pageViews: false });
    site.trouble.intercept = (request, response) => {
      if (request.url !== '/v1/events') return false;
      response.writeHead(403, { 'access-control-allow-origin': '*' }).end('{"code":"origin_not_allowed"}');
      return true;
    };
    await page.evaluate(async (m) => {
      await window.sdk.track('read', { mark: m });
      await window.sdk.flush();
      await window.sdk.track('read', { mark: m });
      await window.sdk.flush();
    }, m);
    t.equal(
      site.trouble.requests.filter(({ url }) => url === '/v1/events').length,
      1,
      'it is not asked for ever',
    );
    site.trouble.intercept = undefined;
    await open(context, site, '/mended', { pageViews: false });
    t.equal((await arrived(m, 2)).length, 2);
  });

  t.test('one event that is refused costs the others nothing', async (t) => {
    const m = mark();
    const page = await open(await visitor(t, browser), site, '/bad', { pageViews: false });
    await page.evaluate(
      (m) =>
        Promise.all([
          window.sdk.track('read', { mark: m }),
          window.sdk.track('NO NAME' as 'x', { mark: m }),
          window.sdk.track('read', { mark: m }),
        ]),
      m,
    );
    const rows = await arrived(m, 2);
    t.same(
      rows.map(({ seq }) => seq),
      [1, 3],
      'the gap tells of the one that is not there',
    );
    const dropped = await waitUntil('the drop to be told', async () => {
      const found = await analytics(
        `select data from events where type = 'client.events_dropped' and session_id = $1`,
        rows[0]?.session_id,
      );
      return found[0];
    });
    t.same(dropped, { data: { refused: 1 } });
  });

  t.test('before consent nothing is stored or sent; a refusal forgets', async (t) => {
    const context = await visitor(t, browser);
    const m = mark();
    const page = await open(context, site, '/consent', { consent: 'required' });
    await page.evaluate((m) => void window.sdk.track('read', { mark: m }), m);
    const nothing = () =>
      page.evaluate(async () => ({
        databases: (await indexedDB.databases()).length,
        local: localStorage.length + sessionStorage.length,
        cookies: document.cookie,
        state: window.sdk.consent.state,
      }));
    t.same(await nothing(), { databases: 0, local: 0, cookies: '', state: 'pending' });
    t.same(site.trouble.requests, []);
    await page.evaluate(() => window.sdk.consent.grant());
    t.equal((await arrived(m, 1)).length, 1, 'what was asked before is done now');
    const other = await open(context, site, '/consent-again', { consent: 'required' });
    await waitUntil('the consent to be remembered', () =>
      other.evaluate(() => window.sdk.consent.state === 'granted'),
    );
    await page.evaluate(() => window.sdk.consent.deny());
    const refused = await page.evaluate(() => window.sdk.track('read').catch(({ code }) => code));
    t.equal(refused, 'consent_denied');
  });

  t.test('opt-out: the device goes, here and at the server', async (t) => {
    const context = await visitor(t, browser);
    const page = await open(context, site, '/opt-out', { pageViews: false });
    const { deviceId } = await page.evaluate(() => window.sdk.register());
    await page.evaluate(() => window.sdk.optOut());
    t.same(await registry('select 1 from device where id = $1', deviceId), []);
    const later = await open(context, site, '/later');
    const said = await later.evaluate(() => window.sdk.track('read').catch(({ code }) => code));
    t.equal(said, 'consent_denied', 'also at the next page');
  });

  t.test('blocked storage: what waits lives as long as the page', async (t) => {
    const context = await visitor(t, browser);
    await context.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
    const m = mark();
    const page = await open(context, site, '/blocked', { pageViews: false });
    await page.evaluate((m) => window.sdk.track('read', { mark: m }), m);
    t.equal((await arrived(m, 1)).length, 1);
  });

  t.test('time that is read is measured, and told when the page is left', async (t) => {
    const context = await visitor(t, browser);
    const page = await open(context, site, '/long', { engagement: true });
    await page.mouse.move(10, 10);
    await page.mouse.wheel(0, 1_500);
    await page.evaluate(() => new Promise((done) => setTimeout(done, 2_500)));
    await page.goto(`${SITE}/next`);
    await start(page, site);
    const [row] = await waitUntil('the engagement', async () => {
      const found = await analytics<{ data: { seconds: number; scroll: number } }>(
        `select data from events where type = 'client.engagement' and page_path = '/long'`,
      );
      return found.length > 0 ? found : null;
    });
    const { seconds, scroll } = row?.data ?? {};
    t.ok((seconds as number) >= 2 && (seconds as number) <= 10, `${seconds} s`);
    t.ok((scroll as number) > 40 && (scroll as number) <= 100, `${scroll} %`);
  });
});
