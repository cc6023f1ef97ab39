import fc from 'fast-check';
import t from 'tap';
import { createDeviceTokens } from '../../../lambdas/device-token.ts';

const OLD = 'the secret of last year, 32 characters';
const NEW = 'the secret of this year, 32 characters';
const DEVICE = '0190a0c0-0000-7000-8000-000000000001';

t.test('a token names its secret, and is the same each time', async (t) => {
  const tokens = createDeviceTokens({ k2: NEW, k1: OLD });
  const token = tokens.issue('demo', DEVICE);
  t.match(token, /^dt_k2_[\w-]{43}$/);
  t.equal(tokens.issue('demo', DEVICE), token, 'a replay can give it again');
  t.ok(tokens.verify(token, 'demo', DEVICE));
});

t.test('rotation: the first secret signs, all verify, one that is gone does not', async (t) => {
  const before = createDeviceTokens({ k1: OLD });
  const during = createDeviceTokens({ k2: NEW, k1: OLD });
  const after = createDeviceTokens({ k2: NEW });
  const token = before.issue('demo', DEVICE);
  t.ok(during.verify(token, 'demo', DEVICE));
  t.notOk(after.verify(token, 'demo', DEVICE));
  t.ok(after.verify(during.issue('demo', DEVICE), 'demo', DEVICE));
  t.notOk(before.verify(during.issue('demo', DEVICE), 'demo', DEVICE));
  const renamed = createDeviceTokens({ k1: NEW });
  t.notOk(renamed.verify(token, 'demo', DEVICE), 'the same id, another secret');
});

t.test('a token is of one client and one device', async (t) => {
  const tokens = createDeviceTokens({ k1: OLD });
  const token = tokens.issue('demo', DEVICE);
  t.notOk(tokens.verify(token, 'other', DEVICE));
  t.notOk(tokens.verify(token, 'demo', DEVICE.replace(/1$/, '2')));
  t.notOk(tokens.verify(tokens.issue('demo', `x:${DEVICE}`), 'demo:x', 'another'));
});

t.test('what is no token is refused, and breaks nothing', async (t) => {
  const tokens = createDeviceTokens({ k1: OLD });
  const token = tokens.issue('demo', DEVICE);
  const none = [
    '',
    'dt_',
    'dt_k1_',
    'dt_k1',
    'dt_k9_AAAA',
    'dt___proto___A',
    'dt_constructor_A',
    `x${token}`,
  ];
  const nearly = [`${token}=`, `${token}\n`, token.slice(0, -1), token.toUpperCase(), ` ${token}`];
  for (const bad of [undefined, ...none, ...nearly])
    t.notOk(tokens.verify(bad, 'demo', DEVICE), JSON.stringify(bad));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, prefixed) => {
      return !tokens.verify(prefixed ? `dt_k1_${text}` : text, 'demo', DEVICE);
    }),
  );
});

t.test('any change of a token makes it wrong', async (t) => {
  const tokens = createDeviceTokens({ k1: OLD });
  const token = tokens.issue('demo', DEVICE);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'Aa0-_%é'), (at, character) => {
      const other = token.slice(0, at) + character + token.slice(at + 1);
      return other === token || !tokens.verify(other, 'demo', DEVICE);
    }),
  );
  t.pass();
});

t.test('secrets that can’t do their work are refused at the start', async (t) => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /no secret/],
    [{ k1: 'x'.repeat(31) }, /a secret, k1, of less than 32/],
    [{ k1: OLD, k2: '' }, /a secret, k2, of less/],
    [{ K1: OLD }, /an id that is none/],
    [{ k_1: OLD }, /an id that is none/],
    [{ '': OLD }, /no secret/],
    [{ a2345678901234567: OLD }, /an id that is none/],
    [{ 2: NEW, 1: OLD }, /an id that is none/],
  ];
  for (const [secrets, message] of wrong)
    t.throws(() => createDeviceTokens(secrets), { message }, JSON.stringify(secrets));
});
