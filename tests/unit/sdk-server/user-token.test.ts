import { decodeJwt, decodeProtectedHeader } from 'jose';
import t from 'tap';
import { verifyUserToken } from '../../../lambdas/user-token.ts';
import { signUserToken } from '../../../sdk/server/src/index.ts';

const secret = 'an identity secret of a client: ü';
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);

t.test('the functions believe the token, for this user, this secret, and until it expires', async (t) => {
  const token = await signUserToken({ secret, userId: 'reader-1', expiresIn: 60 });
  t.ok(await verifyUserToken(token, 'reader-1', secret, new Date()));
  t.notOk(await verifyUserToken(token, 'reader-2', secret, new Date()), 'another user');
  t.notOk(await verifyUserToken(token, 'reader-1', `${secret}x`, new Date()), 'another secret');
  t.ok(await verifyUserToken(token, 'reader-1', secret, inSeconds(50)));
  t.notOk(await verifyUserToken(token, 'reader-1', secret, inSeconds(61)), 'expired');
});

t.test('an hour, unless told otherwise; nothing in it but the user and the times', async (t) => {
  const token = await signUserToken({ secret, userId: 'Leserin 1 ✓' });
  t.same(decodeProtectedHeader(token), { alg: 'HS256', typ: 'JWT' });
  const { sub, iat = 0, exp = 0, ...rest } = decodeJwt(token);
  t.same([sub, exp - iat, rest], ['Leserin 1 ✓', 3600, {}]);
  t.ok(await verifyUserToken(token, 'Leserin 1 ✓', secret, new Date()));
});

t.test('arguments that can not be right are refused', async (t) => {
  const token = { secret, userId: 'reader-1' };
  await t.rejects(signUserToken({ ...token, secret: '' }), TypeError);
  await t.rejects(signUserToken({ ...token, userId: '' }), TypeError);
  for (const expiresIn of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    await t.rejects(signUserToken({ ...token, expiresIn }), TypeError, `${expiresIn}`);
});
