import { generateKey, isExpired, type KeyKind, type KeyTag, keyDigest } from '../../contracts/api-key.ts';
import {
  addKeyTag,
  type DeckFile,
  findConsumer,
  readDeckFile,
  removeKeyTag,
  setKeyExpiry,
  writeDeckFile,
} from '../deck/deck-file.ts';
import { OperatorError } from './errors.ts';

/** A key as an operator sees it: never the key itself, which is not stored. */
export interface ListedKey extends KeyTag {
  state: 'valid' | 'expired';
}

export interface WantedKey {
  kind: KeyKind;
  /** see KeyTag */
  expires: string | null;
}

export interface IssuedKey {
  /** shown once */
  key: string;
  digest: string;
  /** true when it is a pk and no origin is allowed yet */
  needsOrigin: boolean;
}

const DAY_MS = 86_400_000;
const utcDay = (time: Date) => time.toISOString().slice(0, 10);

/** `yyyy-mm-dd`, a real day that is not over (UTC). @throws StopError */
export function parseExpiry(text: string, now: Date): string {
  const time = Date.parse(`${text}T00:00:00Z`);
  const real = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && utcDay(new Date(time)) === text;
  if (!real) throw new OperatorError('usage', `"${text}" is not a date of the form YYYY-MM-DD.`);
  if (isExpired(text, now)) throw new OperatorError('usage', `${text} is in the past.`);
  return text;
}

/** Makes a key and stores its digest; the digest is on disk before anyone sees the key. */
export function issueKey(deckPath: string, name: string, wanted: WantedKey): IssuedKey {
  const deck = readDeckFile(deckPath);
  const issued = addNewKey(deck, name, wanted);
  writeDeckFile(deck);
  return issued;
}

/** A new key; the client's other keys of that kind end after `overlapDays`, or earlier where they already would. */
export function rotateKey(
  deckPath: string,
  name: string,
  { overlapDays, now, ...wanted }: WantedKey & { overlapDays: number; now: Date },
): IssuedKey & { ending: KeyTag[] } {
  const deck = readDeckFile(deckPath);
  const last = utcDay(new Date(now.getTime() + overlapDays * DAY_MS));
  const ending = findConsumer(deck, name)
    .keys.filter((tag) => tag.kind === wanted.kind && !isExpired(tag.expires, now))
    .map((tag) => ({ ...tag, expires: tag.expires !== null && tag.expires < last ? tag.expires : last }));
  for (const tag of ending) setKeyExpiry(deck, name, tag.digest, tag.expires);
  const issued = addNewKey(deck, name, wanted);
  writeDeckFile(deck);
  return { ...issued, ending };
}

function addNewKey(deck: DeckFile, name: string, { kind, expires }: WantedKey): IssuedKey {
  const { disabled, origins } = findConsumer(deck, name);
  if (disabled)
    throw new OperatorError('client_disabled', `client ${name} is disabled: a key of it would be refused.`);
  const key = generateKey(kind, name);
  const digest = keyDigest(key);
  addKeyTag(deck, name, { kind, digest, expires });
  return { key, digest, needsOrigin: kind === 'pk' && origins.length === 0 };
}

export function listKeys(deckPath: string, name: string, now: Date): ListedKey[] {
  return findConsumer(readDeckFile(deckPath), name).keys.map((tag) => ({
    ...tag,
    state: isExpired(tag.expires, now) ? 'expired' : 'valid',
  }));
}

/** Removes the one key whose digest starts with `prefix`. @throws StopError when none or several do */
export function revokeKey(deckPath: string, name: string, prefix: string): KeyTag {
  const deck = readDeckFile(deckPath);
  const matching = findConsumer(deck, name).keys.filter(({ digest }) => digest.startsWith(prefix));
  const [tag] = matching;
  if (prefix === '' || !tag)
    throw new OperatorError('unknown_key', `client ${name} has no key whose digest starts with "${prefix}".`);
  if (matching.length > 1)
    throw new OperatorError(
      'usage',
      `${matching.length} keys of client ${name} start with "${prefix}"; give more of it.`,
    );
  removeKeyTag(deck, name, tag.digest);
  writeDeckFile(deck);
  return tag;
}
