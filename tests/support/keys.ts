import { formatKeyTag, generateKey, type KeyKind, keyDigest } from '../../contracts/api-key.ts';
import type { Consumer } from '../../plugins/pdk.ts';

/** A new key and the tag a consumer carries for it. */
export function newKey(kind: KeyKind, client = 'acme', expires: string | null = null) {
  const key = generateKey(kind, client);
  return { key, tag: formatKeyTag({ kind, digest: keyDigest(key), expires }) };
}

export const consumerWith = (tags: string[], username = 'acme'): Consumer => ({
  id: `id-of-${username}`,
  username,
  tags,
});
