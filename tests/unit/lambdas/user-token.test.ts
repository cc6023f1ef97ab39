import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import t from 'tap';
import { verifyUserToken } from '../../../lambdas/user-token.ts';

const SECRET = 'an identity secret of a client, 32+';
const NOW = new Date('2026-06-01T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const verify = (token: string, secret: string | null = SECRET) =>
  verifyUserToken(token, 'reader-1', secret, NOW);

async function sign(claims: Record<string, unknown>, { alg = 'HS256', secret = SECRET } = {}) {
  const bytes = new TextEncoder().encode(secret.padEnd(64, secret));
  return new SignJWT(claims)
    .setProtectedHeader({ alg })
    .sign(alg === 'HS256' ? new TextEncoder().encode(secret) : bytes);
}

/** A token put together by hand: what no library would sign. */
function forge(header: Record<string, unknown>, claims: Record<string, unknown>, secret?: string) {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${secret ? createHmac('sha256', secret).update(text).digest('base64url') : ''}`;
}

const claims = { sub: 'reader-1', exp: SECONDS + 60 };

t.test('a token of the client for this user that has not expired', async (t) => {
  t.ok(await verify(await sign(claims)));
  t.ok(await verify(forge({ alg: 'HS256' }, claims, SECRET)), 'no library is needed to sign one');
  t.ok(await verify(await sign({ ...claims, nbf: SECONDS, iat: SECONDS, aud: 'any', name: 'R' })));
});

t.test('every other token is refused', async (t) => {
  const tokens: Record<string, string | Promise<string>> = {
    'of another user': sign({ ...claims, sub: 'reader-2' }),
    'of a user whose id begins alike': sign({ ...claims, sub: 'reader-10' }),
    'of nobody': sign({ exp: claims.exp }),
    'of a list of users': forge({ alg: 'HS256' }, { ...claims, sub: ['reader-1'] }, SECRET),
    'expired now': sign({ ...claims, exp: SECONDS }),
    'expired long ago': sign({ ...claims, exp: 1 }),
    'that never expires': sign({ sub: 'reader-1' }),
    'with an expiry that is no time': forge({ alg: 'HS256' }, { ...claims, exp: 'never' }, SECRET),
    'not valid yet': sign({ ...claims, nbf: SECONDS + 60 }),
    'of another secret': sign(claims, { secret: 'the secret of another client, 32+' }),
    'of another algorithm': sign(claims, { alg: 'HS512' }),
    'without a signature': forge({ alg: 'none' }, claims),
    'signed, but saying that it is not': forge({ alg: 'none' }, claims, SECRET),
    'with an extension that must be understood': forge({ alg: 'HS256', crit: ['x'], x: 1 }, claims, SECRET),
    'cut off': (await sign(claims)).slice(0, -4),
    'of no shape': 'nonsense',
    empty: '',
  };
  for (const [what, token] of Object.entries(tokens)) t.notOk(await verify(await token), `a token ${what}`);
});

t.test('a client without an identity secret verifies nobody', async (t) => {
  const token = await sign(claims);
  t.notOk(await verify(token, null));
  t.notOk(await verify(forge({ alg: 'HS256' }, claims), ''));
});
