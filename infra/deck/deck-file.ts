import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import {
  CLIENT_NAME,
  DISABLED_TAG,
  formatKeyTag,
  type KeyTag,
  ORIGIN_TAG,
  parseKeyTag,
} from '../../contracts/api-key.ts';
import { consumerId } from '../../contracts/consumer-id.ts';
import { replaceFile } from './atomic-write.ts';

/** The file can't be used or edited as asked; the message is one sentence that names the file. */
export class DeckFileError extends Error {
  override name = 'DeckFileError';
}

/** A deck.yaml in memory; comments, order and blank lines survive an edit. */
export interface DeckFile {
  path: string;
  /** as read: what must still be on disk when it is written back */
  text: string;
  document: Document;
}

/** A client as the gateway knows it. */
export interface DeckConsumer {
  name: string;
  keys: KeyTag[];
  /** `host[:port]` each, or `*.host` */
  origins: string[];
  disabled: boolean;
}

/** @throws DeckFileError when the file is missing, no YAML, or its consumers are not of the expected shape */
export function readDeckFile(path: string): DeckFile {
  const text = readText(path);
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new DeckFileError(`${path} is not valid YAML: ${error.message.split('\n')[0]}`);
  if (!isMap(document.contents)) throw new DeckFileError(`${path} is no deck file: it holds no mapping.`);
  const deck = { path, text, document };
  listConsumers(deck);
  return deck;
}

/** Writes the deck back when it was changed. @throws DeckFileError when the file was changed by another meanwhile */
export function writeDeckFile(deck: DeckFile): void {
  const text = deck.document.toString({ lineWidth: 0, flowCollectionPadding: false });
  if (text === deck.text) return;
  if (readText(deck.path) !== deck.text)
    throw new DeckFileError(`${deck.path} was changed by someone else meanwhile; run the command again.`);
  try {
    replaceFile(deck.path, text);
  } catch (error) {
    throw new DeckFileError(`${deck.path} can't be written: ${(error as NodeJS.ErrnoException).code}.`);
  }
  deck.text = text;
}

export function listConsumers(deck: DeckFile): DeckConsumer[] {
  const consumers: DeckConsumer[] = [];
  for (const [index, item] of (consumerItems(deck)?.items ?? []).entries()) {
    if (!isMap(item)) throw new DeckFileError(`${deck.path}: consumers[${index}] is no mapping.`);
    const name = item.get('username');
    if (typeof name !== 'string')
      throw new DeckFileError(`${deck.path}: consumers[${index}] has no username.`);
    if (consumers.some((other) => other.name === name))
      throw new DeckFileError(`${deck.path}: there are two consumers ${name}.`);
    const tags = tagStrings(deck, item, name);
    consumers.push({
      name,
      keys: tags.flatMap((tag) => parseKeyTag(tag) ?? []),
      origins: tags.filter((tag) => tag.startsWith(ORIGIN_TAG)).map((tag) => tag.slice(ORIGIN_TAG.length)),
      disabled: tags.includes(DISABLED_TAG),
    });
  }
  return consumers;
}

/** The consumer of that name. @throws DeckFileError when there is none */
export function findConsumer(deck: DeckFile, name: string): DeckConsumer {
  const consumer = listConsumers(deck).find((candidate) => candidate.name === name);
  if (!consumer) throw new DeckFileError(`${deck.path} has no client ${name}.`);
  return consumer;
}

/** Adds the consumer of a client, with the id that follows from its name; nothing changes when it is there. */
export function addConsumer(deck: DeckFile, name: string): void {
  if (!CLIENT_NAME.test(name)) throw new DeckFileError(`"${name}" is not a client name.`);
  if (listConsumers(deck).some((consumer) => consumer.name === name)) return;
  const consumers = consumerItems(deck);
  const consumer = deck.document.createNode({ username: name, id: consumerId(name) });
  if (!consumers) deck.document.set('consumers', deck.document.createNode([consumer]));
  else {
    // `consumers: []` would go on in flow style, on one line
    if (consumers.items.length === 0) consumers.flow = false;
    consumers.add(consumer);
  }
}

/** Stores a key's digest. A key that is there already gets the new expiry. */
export function addKeyTag(deck: DeckFile, name: string, tag: KeyTag): void {
  const known = findConsumer(deck, name).keys.some(({ digest }) => digest === tag.digest);
  if (known) setKeyExpiry(deck, name, tag.digest, tag.expires);
  else addTag(deck, name, formatKeyTag(tag));
}

/** Gives a stored key another expiry, in its place in the list; null: none. */
export function setKeyExpiry(deck: DeckFile, name: string, digest: string, expires: string | null): void {
  const tags = consumerMap(deck, name).get('tags');
  if (!isSeq(tags)) return;
  for (const item of tags.items) {
    const tag = isScalar(item) ? parseKeyTag(String(item.value)) : null;
    if (tag?.digest === digest && isScalar(item)) item.value = formatKeyTag({ ...tag, expires });
  }
}

export function removeKeyTag(deck: DeckFile, name: string, digest: string): void {
  removeTags(deck, name, (tag) => parseKeyTag(tag)?.digest === digest);
}

/** Allows an origin (see `parseOrigin`) for a client's pk. */
export function addOrigin(deck: DeckFile, name: string, origin: string): void {
  addTag(deck, name, `${ORIGIN_TAG}${origin}`);
}

/** Takes an origin back; false when it was not there. */
export function removeOrigin(deck: DeckFile, name: string, origin: string): boolean {
  return removeTags(deck, name, (tag) => tag === `${ORIGIN_TAG}${origin}`);
}

/** From the next sync on every key of the client is refused. */
export function disableConsumer(deck: DeckFile, name: string): void {
  addTag(deck, name, DISABLED_TAG);
}

/** From the next sync on its keys are taken again. */
export function enableConsumer(deck: DeckFile, name: string): void {
  removeTags(deck, name, (tag) => tag === DISABLED_TAG);
}

/** Gives whether there was one. */
function removeTags(deck: DeckFile, name: string, which: (tag: string) => boolean): boolean {
  const tags = consumerMap(deck, name).get('tags');
  if (!isSeq(tags)) return false;
  const before = tags.items.length;
  tags.items = tags.items.filter((item) => !(isScalar(item) && which(String(item.value))));
  return tags.items.length < before;
}

function addTag(deck: DeckFile, name: string, tag: string): void {
  const consumer = consumerMap(deck, name);
  if (tagStrings(deck, consumer, name).includes(tag)) return;
  const tags = consumer.get('tags');
  if (isSeq(tags)) tags.add(deck.document.createNode(tag));
  else consumer.set('tags', deck.document.createNode([tag]));
}

function consumerMap(deck: DeckFile, name: string): YAMLMap {
  findConsumer(deck, name);
  return consumerItems(deck)?.items.find((item) => isMap(item) && item.get('username') === name) as YAMLMap;
}

function consumerItems(deck: DeckFile): YAMLSeq | null {
  const consumers = deck.document.get('consumers');
  if (consumers === undefined || consumers === null) return null;
  if (!isSeq(consumers)) throw new DeckFileError(`${deck.path}: consumers is no list.`);
  return consumers;
}

function tagStrings(deck: DeckFile, consumer: YAMLMap, name: string): string[] {
  const tags = consumer.get('tags');
  if (tags === undefined || tags === null) return [];
  if (!isSeq(tags)) throw new DeckFileError(`${deck.path}: the tags of consumer ${name} are no list.`);
  return tags.items.map((item, index) => {
    if (!isScalar(item) || typeof item.value !== 'string')
      throw new DeckFileError(`${deck.path}: tags[${index}] of consumer ${name} is no string.`);
    // not quoted: what was pasted here may be a raw key
    if (item.value.startsWith('key:') && !parseKeyTag(item.value))
      throw new DeckFileError(
        `${deck.path}: tags[${index}] of consumer ${name} is not a well-formed key tag.`,
      );
    return item.value;
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DeckFileError(code === 'ENOENT' ? `there is no ${path}.` : `${path} can't be read: ${code}.`);
  }
}
