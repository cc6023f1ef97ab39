import { randomUUID } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { TEST_IDENTITY_SECRET } from '../support/test-clients.ts';
import { call, closePools, devices, key, registration, registry } from './api.ts';

t.teardown(closePools);

const bytes = (secret: string) => new TextEncoder().encode(secret);
const sign = (
  claims: { sub?: string; exp?: string | number },
  { secret = TEST_IDENTITY_SECRET, alg = 'HS256' } = {},
) => {
  const jwt = new SignJWT({}).setProtectedHeader({ alg });
  if (claims.sub !== undefined) jwt.setSubject(claims.sub);
  if (claims.exp !== undefined) jwt.setExpirationTime(claims.exp);
  return jwt.sign(bytes(secret));
};

/** Registers a new device at a client for a user, and tells what became of the claim. */
async function claim(client: string, user: { id: string; token?: string }) {
  const body = registration({ user });
  const { status, body: answer } = await call('POST', '/v1/registrations', { key: key(client), body });
  return { status, code: answer.code, rows: await devices(body.device.installationId) };
}

const id = `reader-${randomUUID()}`;
const refused: [what: string, token: () => Promise<string | undefined> | string | undefined][] = [
  ['without a token', () => undefined],
  ['of another user', () => sign({ sub: 'somebody else', exp: '1h' })],
  ['of no user', () => sign({ exp: '1h' })],
  ['expired', () => sign({ sub: id, exp: Math.floor(Date.now() / 1000) - 3600 })],
  ['without an end', () => sign({ sub: id })],
  [
    'signed by another client',
    () => sign({ sub: id, exp: '1h' }, { secret: 'the secret of another client !!!' }),
  ],
  ['signed with the API key', () => sign({ sub: id, exp: '1h' }, { secret: key('strict') })],
  ['of another algorithm', () => sign({ sub: id, exp: '1h' }, { alg: 'HS512' })],
  ['unsigned, alg none', () => new UnsecuredJWT({}).setSubject(id).setExpirationTime('1h').encode()],
  ['its signature cut off', async () => `${(await sign({ sub: id, exp: '1h' })).replace(/[^.]+$/, '')}`],
  ['no JWT', () => 'x.y.z'],
  ['a device token', () => `dt_k1_${'A'.repeat(43)}`],
];

for (const [what, token] of refused)
  t.test(`identity required, user token ${what}: 403, no device, no user`, async (t) => {
    const answer = await claim('strict', { id, token: await token() });
    t.match(answer, { status: 403, code: 'user_token_invalid', rows: [] });
    t.same(
      await registry('select 1 from app_user where client_id = $1 and external_id = $2', 'strict', id),
      [],
    );
  });

t.test('identity required: a token of the client for this user makes it verified', async (t) => {
  const sub = `reader-${randomUUID()}`;
  const token = await sign({ sub, exp: '1h' });
  t.match(await claim('strict', { id: sub, token }), { status: 201, rows: [{ user_verified: true }] });
});

t.test(
  'identity off: a claim is taken and counts as unverified; a token that does not hold is refused',
  async (t) => {
    const user = { id: `reader-${randomUUID()}` };
    t.match(await claim('first', user), { status: 201, rows: [{ user_verified: false }] });
    const token = await sign({ sub: user.id, exp: '1h' });
    t.match(await claim('first', { ...user, token }), { status: 403, code: 'user_token_invalid', rows: [] });
  },
);

t.test(
  "a known device is given no other user without its device token, whatever the user's token says",
  async (t) => {
    const body = registration();
    t.equal((await call('POST', '/v1/registrations', { key: key('strict'), body })).status, 201);
    const user = { id, token: await sign({ sub: id, exp: '1h' }) };
    const answer = await call('POST', '/v1/registrations', { key: key('strict'), body: { ...body, user } });
    t.match(answer, { status: 403, body: { code: 'device_token_invalid' } });
    t.match(await devices(body.device.installationId), [{ user_verified: false }]);
  },
);
