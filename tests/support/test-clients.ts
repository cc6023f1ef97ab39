import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { DISABLED_TAG, formatKeyTag, generateKey, type KeyKind, keyDigest } from '../../contracts/api-key.ts';
import { consumerId } from '../../contracts/consumer-id.ts';
import { ROOT } from '../../infra/local/paths.ts';
import type { StackOptions } from '../../infra/local/stack.ts';
import { openClientRegistry } from '../../infra/operate/client-registry.ts';

/** The origin from which the test clients' pk may be used. */
export const TEST_ORIGIN = 'https://www.example.com';

/** What signs the user tokens of the client `strict`. */
export const TEST_IDENTITY_SECRET = 'an identity secret that only tests know';

interface TestClient {
  name: string;
  /** key name → kind and expiry */
  keys: Record<string, { kind: KeyKind; expires: string | null }>;
  /** false: known to the gateway, missing in the registry */
  registered: boolean;
  disabled?: boolean;
  identityVerification?: 'required';
}

const pk = { kind: 'pk', expires: null } as const;
const sk = { kind: 'sk', expires: null } as const;

const TEST_CLIENTS: TestClient[] = [
  { name: 'first', keys: { pk, sk, expired: { kind: 'pk', expires: '2020-01-01' } }, registered: true },
  { name: 'second', keys: { pk, sk }, registered: true },
  { name: 'strict', keys: { pk, sk }, registered: true, identityVerification: 'required' },
  { name: 'ghost', keys: { pk }, registered: false },
  { name: 'former', keys: { pk }, registered: true, disabled: true },
];

/** Writes deck.yaml with the test clients beside the example ones, fresh keys each time. */
export function prepareTestClients(dataDir: string): Pick<StackOptions, 'deckFile' | 'clients' | 'seed'> {
  const deck = parseDocument(readFileSync(join(ROOT, 'deck.yaml'), 'utf8'));
  const clients: StackOptions['clients'] = [];
  for (const client of TEST_CLIENTS) {
    const keys: Record<string, string> = {};
    const tags = [`origin:${new URL(TEST_ORIGIN).host}`, ...(client.disabled ? [DISABLED_TAG] : [])];
    for (const [name, { kind, expires }] of Object.entries(client.keys)) {
      const key = generateKey(kind, client.name);
      keys[name] = key;
      tags.push(formatKeyTag({ kind, digest: keyDigest(key), expires }));
    }
    deck.addIn(['consumers'], deck.createNode({ username: client.name, id: consumerId(client.name), tags }));
    clients.push({ name: client.name, keys, firebaseProject: `${client.name}-push` });
  }
  const deckFile = join(dataDir, 'deck.yaml');
  writeFileSync(deckFile, deck.toString());
  return { deckFile, clients, seed };
}

async function seed(registryUrl: string): Promise<void> {
  const registry = openClientRegistry(registryUrl);
  for (const { name, registered, identityVerification } of TEST_CLIENTS)
    if (registered)
      await registry.add({
        name,
        properties: ['www', 'app'],
        firebaseProject: `${name}-push`,
        identityVerification,
      });
  await registry.setIdentitySecret('strict', TEST_IDENTITY_SECRET);
}
