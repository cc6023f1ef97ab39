import t from 'tap';
import { keyDigest } from '../../contracts/api-key.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { runCommand } from '../support/command-line.ts';
import { call, ORIGIN, registration, run } from './api.ts';

t.test(
  'the running stack takes a key that was issued, and refuses one that was revoked, within 2 s',
  async (t) => {
    const file = ['--deck', run.deckFile];
    const status = async (key: string) =>
      (await call('POST', '/v1/registrations', { key, body: registration(), headers: { origin: ORIGIN } }))
        .status;
    const issued = await runCommand(t, ['keys', 'issue', 'first', '--kind', 'pk', ...file]);
    const key = /pk_first_\S+/.exec(issued.stdout)?.[0] ?? '';
    t.ok(key, issued.stderr);
    await waitUntil('the key works', async () => (await status(key)) === 201, { timeoutMs: 2_000 });
    t.equal((await runCommand(t, ['keys', 'revoke', 'first', keyDigest(key), ...file])).code, 0);
    await waitUntil('the key is refused', async () => (await status(key)) === 401, { timeoutMs: 2_000 });
  },
);
