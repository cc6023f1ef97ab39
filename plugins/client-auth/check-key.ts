import { timingSafeEqual } from 'node:crypto';
import { isExpired, type KeyKind, keyDigest, parseKey } from '../../contracts/api-key.ts';
import { originAllowed } from '../../contracts/origin.ts';
import type { ProblemCode } from '../../contracts/problem.ts';
import type { KnownClient } from './consumer-cache.ts';

export type KeyCheck = { ok: true; credentialId: string } | { ok: false; code: ProblemCode };

/** Compares the key's digest with all of the client's in constant time; then kind, expiry and origin. */
export function checkKey(
  key: string,
  known: KnownClient | null,
  wanted: { kind: KeyKind; origin: string | undefined; now: Date },
): KeyCheck {
  const parsed = parseKey(key);
  if (!parsed || !known) return { ok: false, code: 'key_invalid' };
  const digest = Buffer.from(keyDigest(key));
  // the same key may stand twice, with an old and a new expiry: the one that still holds counts
  const matching = known.keys.filter(
    (tag) => timingSafeEqual(Buffer.from(tag.digest), digest) && tag.kind === parsed.kind,
  );
  if (matching.length === 0) return { ok: false, code: 'key_invalid' };
  if (matching.every(({ expires }) => isExpired(expires, wanted.now)))
    return { ok: false, code: 'key_expired' };
  if (known.disabled) return { ok: false, code: 'client_disabled' };
  if (parsed.kind !== wanted.kind) return { ok: false, code: 'key_kind' };
  if (wanted.kind === 'pk' && wanted.origin !== undefined && !originAllowed(wanted.origin, known.origins))
    return { ok: false, code: 'origin_not_allowed' };
  // names the key in rate-limiting and in X-Credential-Identifier without giving its digest away
  return { ok: true, credentialId: `${parsed.kind}-${digest.toString().slice(0, 12)}` };
}
