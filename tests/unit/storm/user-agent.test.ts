import fc from 'fast-check';
import t from 'tap';
import { enrich } from '../../../storm/enrich/enrich.ts';
import { parseUserAgent } from '../../../storm/enrich/user-agent.ts';
import { stamped } from '../../support/events.ts';
import { USER_AGENTS } from './user-agents.ts';

const rows = Object.entries(USER_AGENTS).flatMap(([device_class, agents]) =>
  agents.map(([browser, os, agent]) => ({ device_class, browser, os, agent })),
);

for (const { agent, ...expected } of rows)
  t.test(agent, async (t) => {
    const { is_bot, bot_reason, ...parsed } = parseUserAgent(agent);
    t.same(parsed, expected);
    t.equal(is_bot, expected.device_class === 'bot');
    t.equal(bot_reason !== null, is_bot);
  });

t.test('no header makes a browser of its own', async (t) => {
  const names = new Set(rows.map(({ browser }) => browser));
  const own = /invented/i;
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...rows.map(({ agent }) => agent)), (version, agent) => {
      const invented = [
        `Invented${version}/1.0`,
        `Invented ${version}/1.0 (Linux; Android 14)`,
        `${agent} Invented${version}/2`,
        agent.replace(/^\w+/, `Invented${version}`),
      ];
      return invented.every((header) => !own.test(parseUserAgent(header).browser ?? ''));
    }),
  );
  t.ok(names.has('other'));
});

t.test('the HTTP library of an app is no bot, whatever route its event came by', async (t) => {
  const row = (useragent: string, data: Record<string, unknown>) => {
    const { device_class, browser, os, is_bot, bot_reason } = enrich(
      { event: stamped({ useragent, data }), day: '2026-01-02' },
      () => null,
    );
    return { device_class, browser, os, is_bot, bot_reason };
  };
  for (const agent of [
    'okhttp/4.12.0',
    'okhttp/5.0.0-alpha.14',
    'ExampleNews/7.3.1 CFNetwork/1496.0.7 Darwin/23.5.0',
    'Robotics/7.3.1 CFNetwork/1496.0.7 Darwin/23.5.0',
    'Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)',
    'Dart/3.4 (dart:io)',
  ]) {
    t.match(
      row(agent, {}),
      { device_class: 'mobile', browser: 'other', is_bot: false, bot_reason: null },
      agent,
    );
    for (const platform of ['ios', 'android']) t.same(row(agent, { platform }), row(agent, {}), agent);
  }
  for (const agent of ['Googlebot/2.1 okhttp/4', 'Searchbot/1 CFNetwork/1496.0.7 Darwin/23.5.0'])
    for (const data of [{}, { platform: 'ios' }])
      t.match(row(agent, data), { device_class: 'bot', is_bot: true }, agent);
});

t.test('an app is no bot by its name, in a web view', async (t) => {
  const android =
    'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.0.0 Mobile Safari/537.36';
  const ios =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148';
  const names = ['ExampleNews/7.3', 'Morning Feed/2', 'Radar/1.4', 'com.example.library', 'DiscoveryApp/3'];
  for (const [view, browser] of [
    [android, 'Android WebView'],
    [ios, 'iOS WebView'],
  ])
    for (const name of names)
      t.match(parseUserAgent(`${view} ${name}`), { is_bot: false, device_class: 'mobile', browser }, name);
  for (const robot of ['ExampleBot/1.0', '(compatible; Analyzer/1.0)', 'Example +https://example.com/about'])
    for (const view of [android, ios])
      t.match(parseUserAgent(`${view} ${robot}`), { is_bot: true, device_class: 'bot' }, robot);
});
