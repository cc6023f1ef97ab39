import { jwtVerify } from 'jose';

/**
 * Whether `token` is a JWT (HS256) of this client's identity secret for this user: `sub` is the user's id, `exp` must be
 * there and ahead.
 */
export async function verifyUserToken(
  token: string,
  userId: string,
  secret: string | null,
  now: Date,
): Promise<boolean> {
  if (!secret) return false;
  try {
    const options = { algorithms: ['HS256'], requiredClaims: ['exp', 'sub'], currentDate: now };
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), options);
    return payload.sub === userId;
  } catch {
    return false;
  }
}
