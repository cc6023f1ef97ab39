import t from 'tap';
import { formatKeyTag, generateKey, type KeyTag, keyDigest } from '../../../contracts/api-key.ts';
import { originAllowed } from '../../../contracts/origin.ts';
import { checkKey } from '../../../plugins/client-auth/check-key.ts';
import type { KnownClient } from '../../../plugins/client-auth/consumer-cache.ts';
import { consumerWith } from '../../support/keys.ts';

const pk = generateKey('pk', 'acme');
const sk = generateKey('sk', 'acme');
const tag = (key: string, expires: string | null = null): KeyTag => ({
  kind: key.slice(0, 2) as 'pk' | 'sk',
  digest: keyDigest(key),
  expires,
});
const known = (...keys: KeyTag[]): KnownClient => ({
  consumer: consumerWith(keys.map(formatKeyTag)),
  keys,
  origins: ['www.acme.example'],
  disabled: false,
});
const both = known(tag(pk), tag(sk));
const now = new Date('2026-10-10T23:59:59.999Z');
type Wanted = Parameters<typeof checkKey>[2];

const refused: [
  what: string,
  key: string,
  known: KnownClient | null,
  code: string,
  wanted?: Partial<Wanted>,
][] = [
  ['a key of nobody', pk, null, 'key_invalid'],
  ['what is no key', 'pk_acme_short', both, 'key_invalid'],
  ['an empty key', '', both, 'key_invalid'],
  ['a key the client does not have', generateKey('pk', 'acme'), both, 'key_invalid'],
  ['a client without keys', pk, known(), 'key_invalid'],
  ['a key with one character more', `${pk}x`, both, 'key_invalid'],
  ['the digest under the other kind', pk, known({ ...tag(pk), kind: 'sk' }), 'key_invalid'],
  ['an expired key', pk, known(tag(pk, '2026-10-09')), 'key_expired'],
  ['a key expired twice', pk, known(tag(pk, '2026-10-09'), tag(pk, '2025-01-01')), 'key_expired'],
  ['a disabled client', pk, { ...both, disabled: true }, 'client_disabled'],
  ['a secret key in a page', sk, both, 'key_kind'],
  ['a page key on a server route', pk, both, 'key_kind', { kind: 'sk' }],
  ['a foreign origin', pk, both, 'origin_not_allowed', { origin: 'https://evil.example' }],
  ['an opaque origin', pk, both, 'origin_not_allowed', { origin: 'null' }],
  ['a page from disk', pk, both, 'origin_not_allowed', { origin: 'file://' }],
  [
    'a wrong key says nothing of the client',
    generateKey('pk', 'acme'),
    { ...both, disabled: true },
    'key_invalid',
  ],
  ['a wrong kind is told before the origin', sk, both, 'key_kind', { origin: 'https://evil.example' }],
];
for (const [what, key, client, code, wanted] of refused)
  t.test(`refused: ${what}`, async (t) => {
    t.same(checkKey(key, client, { kind: 'pk', origin: undefined, now, ...wanted }), { ok: false, code });
  });

const passing: [what: string, key: string, known: KnownClient, wanted?: Partial<Wanted>][] = [
  ['a page key without an Origin', pk, both],
  ['a page key from an allowed origin', pk, both, { origin: 'https://www.acme.example' }],
  ['a secret key, whatever the Origin', sk, both, { kind: 'sk', origin: 'https://evil.example' }],
  ['the last day counts', pk, known(tag(pk, '2026-10-10'))],
  ['one of two expiries still holds', pk, known(tag(pk, '2026-10-09'), tag(pk, '2026-11-01'))],
  ['one of two has no expiry', pk, known(tag(pk, '2026-10-09'), tag(pk))],
  ['one of several keys', pk, known(tag(generateKey('pk', 'acme')), tag(sk), tag(pk))],
];
for (const [what, key, client, wanted] of passing)
  t.test(`passes: ${what}`, async (t) => {
    const check = checkKey(key, client, { kind: 'pk', origin: undefined, now, ...wanted });
    t.match(check, { ok: true });
    const { credentialId } = check as { credentialId: string };
    t.match(credentialId, /^(pk|sk)-[\w-]{12}$/);
    t.notMatch(key, credentialId.slice(3), 'names the key without being a part of it');
  });

const HOSTS = ['www.acme.example', '*.news.example', 'm.acme.example:8443', '*.dev.example:3000'];
const origins: Record<string, boolean> = {
  'https://www.acme.example': true,
  'http://www.acme.example': true,
  'https://WWW.ACME.example': true,
  'https://www.acme.example:443': true,
  'http://www.acme.example:80': true,
  'https://www.acme.example:8443': false,
  'https://acme.example': false,
  'https://a.www.acme.example': false,
  'https://www.acme.example.evil': false,
  'https://evil.example/www.acme.example': false,
  'https://www.acme.example@evil.example': false,
  'https://a.news.example': true,
  'https://a.b.news.example': true,
  'https://news.example': false,
  'https://evilnews.example': false,
  'https://a.news.example:8443': false,
  'https://m.acme.example:8443': true,
  'https://m.acme.example': false,
  'http://x.dev.example:3000': true,
  'http://x.dev.example': false,
  null: false,
  'file://': false,
  'file://www.acme.example': false,
  'ftp://www.acme.example': false,
  'chrome-extension://www.acme.example': false,
  'www.acme.example': false,
  '': false,
};
t.test('origins, with and without a port or a wildcard', async (t) => {
  for (const [origin, allowed] of Object.entries(origins))
    t.equal(originAllowed(origin, HOSTS), allowed, `${origin || '(empty)'} ${allowed ? 'may' : 'may not'}`);
  t.equal(originAllowed('https://www.acme.example', []), false, 'no origin is allowed where none is listed');
});
