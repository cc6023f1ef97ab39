import t from 'tap';
import {
  formatKeyTag,
  generateKey,
  isExpired,
  keyDigest,
  parseKey,
  parseKeyTag,
} from '../../../contracts/api-key.ts';

t.test('a generated key names its client and kind', async (t) => {
  const key = generateKey('pk', 'acme-news');
  t.match(key, /^pk_acme-news_[A-Za-z0-9_-]{27}$/);
  t.same(parseKey(key), { kind: 'pk', client: 'acme-news' });
  t.not(generateKey('pk', 'acme-news'), key);
});

t.test('what is no key is refused', async (t) => {
  for (const key of [
    '',
    'pk_acme',
    'xx_acme_123456789012345678901234567',
    'pk_-acme_123456789012345678901234567',
  ])
    t.equal(parseKey(key), null, key);
  t.throws(() => generateKey('pk', 'a_b'), /not a client name/);
});

t.test('a tag holds the digest, the kind and the expiry', async (t) => {
  const digest = keyDigest('sk_acme_x');
  const tag = formatKeyTag({ kind: 'sk', digest, expires: '2027-01-01' });
  t.equal(tag, `key:sk:${digest}:2027-01-01`);
  t.same(parseKeyTag(tag), { kind: 'sk', digest, expires: '2027-01-01' });
  t.same(parseKeyTag(formatKeyTag({ kind: 'pk', digest, expires: null })), {
    kind: 'pk',
    digest,
    expires: null,
  });
  t.equal(parseKeyTag('origin:example.com'), null);
});

t.test('a key is honoured on its last day and not after', async (t) => {
  t.notOk(isExpired('2027-01-01', new Date('2027-01-01T23:59:59Z')));
  t.ok(isExpired('2027-01-01', new Date('2027-01-02T00:00:00Z')));
  t.notOk(isExpired(null, new Date('2999-01-01')));
});
