import { randomBytes } from 'node:crypto';
import { CLIENT_NAME } from '../../contracts/api-key.ts';
import { propertyName } from '../../contracts/http.ts';
import { parseOrigin, showOrigin } from '../../contracts/origin.ts';
import {
  addConsumer,
  addOrigin,
  disableConsumer,
  enableConsumer,
  findConsumer,
  listConsumers,
  readDeckFile,
  removeOrigin,
  writeDeckFile,
} from '../deck/deck-file.ts';
import type { ClientRegistry, NewClient } from './client-registry.ts';
import { OperatorError } from './errors.ts';

/** Google's own rule for project ids: 6 to 30 of these, a letter first, no hyphen last. */
const FIREBASE_PROJECT = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

type Place = 'active' | 'disabled' | 'missing';

/** A client as gateway and registry know it; `missing` in one of them: an add or disable was cut off. */
export interface ListedClient {
  name: string;
  gateway: Place;
  registry: Place;
  properties: string[];
  firebaseProject: string | null;
  identityVerification: 'off' | 'required' | null;
  origins: string[];
  keys: number;
}

/**
 * Adds a client, or properties and origins to a known one. The registry comes first: a client that only the registry
 * knows has no key and harms nothing, while one that only the gateway knows would be answered 503. A repeat completes
 * what was cut off.
 */
export async function addClient(
  deckPath: string,
  registry: ClientRegistry,
  client: NewClient & { origins: string[] },
): Promise<void> {
  checkClient(client);
  const { origins, ...registered } = client;
  const deck = readDeckFile(deckPath);
  if (listConsumers(deck).some(({ name, disabled }) => name === client.name && disabled))
    throw new OperatorError(
      'client_disabled',
      `client ${client.name} is disabled; enable it first: npm run clients -- enable ${client.name}`,
    );
  const tags = origins.map(readOrigin);
  addConsumer(deck, client.name);
  for (const origin of tags) addOrigin(deck, client.name, origin);
  await registry.add(registered);
  writeDeckFile(deck);
}

function readOrigin(origin: string): string {
  const parsed = parseOrigin(origin);
  if (parsed) return parsed;
  throw new OperatorError(
    'usage',
    `"${origin}" is not an origin: give a host, host:port, *.host, an app's scheme://host, or null.`,
  );
}

/** Allows origins for a client's pk, or takes them back; gives those it has then. All or none are changed. */
export function changeOrigins(
  deckPath: string,
  name: string,
  change: 'add' | 'remove',
  origins: string[],
): string[] {
  const deck = readDeckFile(deckPath);
  findConsumer(deck, name);
  for (const origin of origins.map(readOrigin)) {
    if (change === 'add') addOrigin(deck, name, origin);
    else if (!removeOrigin(deck, name, origin))
      throw new OperatorError('unknown_origin', `client ${name} has no origin ${showOrigin(origin)}.`);
  }
  writeDeckFile(deck);
  return findConsumer(deck, name).origins.map(showOrigin);
}

/** Refuses every key of a client: first at the gateway, which is where requests come in, then in the registry. */
export async function disableClient(deckPath: string, registry: ClientRegistry, name: string): Promise<void> {
  const deck = readDeckFile(deckPath);
  findConsumer(deck, name);
  disableConsumer(deck, name);
  writeDeckFile(deck);
  await registry.disable(name);
}

/** Takes its keys again: first in the registry, so that no request is let in that the functions would refuse. */
export async function enableClient(deckPath: string, registry: ClientRegistry, name: string): Promise<void> {
  const deck = readDeckFile(deckPath);
  findConsumer(deck, name);
  enableConsumer(deck, name);
  if (!(await registry.enable(name)))
    throw new OperatorError('unknown_client', `the registry has no client ${name}.`);
  writeDeckFile(deck);
}

/** 256 bits, as RFC 7518 asks of an HS256 key (section 3.2). */
const IDENTITY_SECRET_BYTES = 32;

/** Gives the client a new identity secret, with which its server signs user tokens, and returns it: it is shown once. */
export async function renewIdentitySecret(registry: ClientRegistry, name: string): Promise<string> {
  const secret = randomBytes(IDENTITY_SECRET_BYTES).toString('base64url');
  if (await registry.setIdentitySecret(name, secret)) return secret;
  throw new OperatorError('unknown_client', `the registry has no client ${name}.`);
}

/** Every client that either side knows, by name. */
export async function listClients(deckPath: string, registry: ClientRegistry): Promise<ListedClient[]> {
  const consumers = new Map(
    listConsumers(readDeckFile(deckPath)).map((consumer) => [consumer.name, consumer]),
  );
  const registered = new Map((await registry.list()).map((client) => [client.name, client]));
  return [...new Set([...consumers.keys(), ...registered.keys()])].sort().map((name) => {
    const consumer = consumers.get(name);
    const client = registered.get(name);
    return {
      name,
      gateway: consumer ? (consumer.disabled ? 'disabled' : 'active') : 'missing',
      registry: client?.status ?? 'missing',
      properties: client?.properties ?? [],
      firebaseProject: client?.firebaseProject ?? null,
      identityVerification: client?.identityVerification ?? null,
      origins: (consumer?.origins ?? []).map(showOrigin),
      keys: consumer?.keys.length ?? 0,
    };
  });
}

function checkClient({ name, properties, firebaseProject }: NewClient): void {
  if (!CLIENT_NAME.test(name))
    throw new OperatorError(
      'usage',
      `"${name}" is not a client name: 1 to 40 of a-z, 0-9 and "-", no "-" at either end.`,
    );
  for (const property of properties)
    if (!propertyName.safeParse(property).success)
      throw new OperatorError(
        'usage',
        `"${property}" is not a property name: 1 to 64 of a-z, 0-9 and "-", no "-" at either end.`,
      );
  if (firebaseProject !== undefined && !FIREBASE_PROJECT.test(firebaseProject))
    throw new OperatorError('usage', `"${firebaseProject}" is not a Firebase project id.`);
}
