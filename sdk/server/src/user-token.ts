import { SignJWT } from 'jose';

export interface UserTokenOptions {
  /** what `npm run clients -- identity-secret NAME` printed, as it stands */
  secret: string;
  /** 1 to 200 characters: the `user.id` of the registration that the token goes with */
  userId: string;
  /** seconds; 3600 unless given */
  expiresIn?: number;
}

/** A token (JWT, HS256) that proves a user's id to piStats. @throws TypeError for an argument that can't be right */
export async function signUserToken({ secret, userId, expiresIn = 3600 }: UserTokenOptions): Promise<string> {
  if (!secret) throw new TypeError('secret must not be empty.');
  if (!userId) throw new TypeError('userId must not be empty.');
  if (!(expiresIn > 0 && Number.isFinite(expiresIn)))
    throw new TypeError('expiresIn must be a number of seconds above 0.');
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(expiresIn))
    .sign(new TextEncoder().encode(secret));
}
