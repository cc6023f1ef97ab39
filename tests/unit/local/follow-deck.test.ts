import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { followDeck } from '../../../infra/local/follow-deck.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

t.test('each change of the file is applied, and what does not apply is told', async (t) => {
  const file = join(t.testdir({ 'deck.yaml': 'a' }), 'deck.yaml');
  const said: string[] = [];
  let applied = 0;
  let failure: Error | undefined;
  const following = followDeck(
    file,
    () => {
      applied++;
      if (failure) throw failure;
    },
    (line) => said.push(line),
  );
  t.teardown(following.stop);
  writeFileSync(file, 'ab');
  await waitUntil('the first', () => applied === 1);
  failure = new Error('no such plugin');
  writeFileSync(`${file}.new`, 'abc');
  renameSync(`${file}.new`, file);
  await waitUntil('one that was put in its place', () => said.length === 2);
  t.match(said, [
    /^the gateway follows .*deck\.yaml, which has changed$/,
    'the gateway keeps its configuration: no such plugin',
  ]);
  failure = undefined;
  writeFileSync(file, 'abcd');
  await waitUntil('the next', () => applied === 3);
});
