import fc from 'fast-check';
import t from 'tap';
import { originAllowed, parseOrigin, showOrigin } from '../../../contracts/origin.ts';

t.test('an origin is kept as browsers send it', async (t) => {
  for (const [given, kept] of [
    ['www.example.com', 'www.example.com'],
    ['WWW.Example.COM', 'www.example.com'],
    ['https://www.example.com', 'www.example.com'],
    ['http://www.example.com:80', 'www.example.com'],
    ['www.example.com:443', 'www.example.com'],
    ['m.example.com:8443', 'm.example.com:8443'],
    ['localhost:8080', 'localhost:8080'],
    ['*.example.com', '*.example.com'],
    ['*.example.com:8080', '*.example.com:8080'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['[::1]:8080', '[::1]:8080'],
    ['capacitor://localhost', 'capacitor::localhost'],
    ['Ionic://LocalHost', 'ionic::localhost'],
    ['app://bundle:8100', 'app::bundle:8100'],
    ['tauri::localhost', 'tauri::localhost'],
    ['null', 'null'],
  ] as const)
    t.equal(parseOrigin(given), kept, given);
});

t.test('what is no origin is refused, and with it what a Kong tag can not hold', async (t) => {
  for (const given of [
    '',
    '*',
    '*.',
    'a,b',
    'example.com/path',
    'https://example.com/',
    'ftp://example.com',
    'file://localhost',
    'capacitor://',
    'capacitor://localhost/',
    'capacitor:localhost:1:2',
    'data::x',
    'user@example.com',
    'example.com:99999',
    'a b',
    'ex*mple.com',
    '*.*.example.com',
    'example.com?x',
    'a%2fb',
  ])
    t.equal(parseOrigin(given), null, given);
});

t.test('whatever is given, what is kept has neither comma nor slash and is kept as it is again', async () => {
  const given = fc.oneof(fc.string(), fc.domain(), fc.webAuthority());
  fc.assert(
    fc.property(given, (text) => {
      const kept = parseOrigin(text);
      return kept === null || (!/[,/\s]/.test(kept) && parseOrigin(kept) === kept);
    }),
  );
});

t.test("a hybrid app's origin is allowed where it is named, and null where it is", async (t) => {
  const tags = ['capacitor::localhost', 'app::bundle:8100', 'www.example.com', 'null'];
  for (const [origin, allowed] of [
    ['capacitor://localhost', true],
    ['CAPACITOR://localhost', true],
    ['app://bundle:8100', true],
    ['null', true],
    ['https://www.example.com', true],
    ['ionic://localhost', false],
    ['capacitor://localhost.evil', false],
    ['capacitor::localhost', false],
    ['app://bundle', false],
    ['https://localhost', false],
    ['https://null', false],
    ['file://localhost', false],
  ] as const)
    t.equal(originAllowed(origin, tags), allowed, origin);
  t.equal(originAllowed('null', ['www.example.com']), false);
  t.equal(showOrigin('capacitor::localhost'), 'capacitor://localhost');
});
