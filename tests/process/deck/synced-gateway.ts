import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { syncedGateway } from '../../support/admin-fixture.ts';

export const DECK_FILE = join(import.meta.dirname, '../../../deck.yaml');
const DUMPS = join(import.meta.dirname, '../../../dist/plugins/dumps');

/** A gateway that knows our three plugins and waits to be synced. */
export async function gatewayForDeck(t: Test) {
  const dumps = ['client-auth', 'lambda-invoke', 'kinesis-forward'].map(
    (name) => JSON.parse(readFileSync(join(DUMPS, `${name}.json`), 'utf8')) as object,
  );
  return syncedGateway(t, { dumps, socketPath: `${t.testdir({})}/nobody.sock` });
}
