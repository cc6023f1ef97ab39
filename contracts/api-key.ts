import { createHash, randomBytes } from 'node:crypto';

/** `pk` sits in a web page and may only create; `sk` stays on a client's server. */
export type KeyKind = 'pk' | 'sk';

export interface ParsedKey {
  kind: KeyKind;
  client: string;
}

/** What deck.yaml holds of a key: a tag of the Kong consumer, never the key itself. */
export interface KeyTag {
  kind: KeyKind;
  /** base64url SHA-256 of the whole key, 43 characters */
  digest: string;
  /** last day (UTC, inclusive) on which the key is honoured; null: no expiry */
  expires: string | null;
}

/** Client names carry no `_`, since `_` separates the parts of a key. */
export const CLIENT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
/** 20 bytes: the 160 random bits that make an unsalted digest safe to publish. */
const RANDOM_BYTES = 20;
const KEY = /^(pk|sk)_([a-z0-9-]{1,40})_([A-Za-z0-9_-]{27,64})$/;
const TAG = /^key:(pk|sk):([A-Za-z0-9_-]{43}):(-|\d{4}-\d{2}-\d{2})$/;

export function generateKey(kind: KeyKind, client: string): string {
  if (!CLIENT_NAME.test(client)) throw new TypeError(`not a client name: ${client}`);
  return `${kind}_${client}_${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

/** The client a key claims to belong to; proves nothing until its digest is compared. */
export function parseKey(key: string): ParsedKey | null {
  const match = KEY.exec(key);
  if (!match || !CLIENT_NAME.test(match[2] as string)) return null;
  return { kind: match[1] as KeyKind, client: match[2] as string };
}

export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

export function formatKeyTag(tag: KeyTag): string {
  return `key:${tag.kind}:${tag.digest}:${tag.expires ?? '-'}`;
}

export function parseKeyTag(tag: string): KeyTag | null {
  const match = TAG.exec(tag);
  if (!match) return null;
  return {
    kind: match[1] as KeyKind,
    digest: match[2] as string,
    expires: match[3] === '-' ? null : (match[3] as string),
  };
}

/** Tag that names an origin a pk may be used from: host[:port] without scheme, since Kong forbids `/`. */
export const ORIGIN_TAG = 'origin:';
/** Tag of a consumer whose client was disabled: every key of it is refused. */
export const DISABLED_TAG = 'disabled';

/** A day counts as over when the UTC date has passed it. */
export function isExpired(expires: string | null, now: Date): boolean {
  return expires !== null && now.toISOString().slice(0, 10) > expires;
}
