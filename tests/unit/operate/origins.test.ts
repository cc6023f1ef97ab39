import t from 'tap';
import { clientsProgram } from '../../../infra/operate/clients.ts';
import { runProgram } from '../../../infra/operate/run-program.ts';
import { changedLines, DECK, deckFixture } from '../../support/deck-fixture.ts';
import { recordedOutput } from '../../support/recorded-output.ts';

async function origins(path: string, ...args: string[]) {
  const output = recordedOutput();
  const code = await runProgram(clientsProgram(output), ['origins', ...args, '--deck', path], output);
  return { code, said: output.said.join('\n') };
}
const CLIENT = 'acme';

t.test('add: as browsers send them, once each, and nothing else in the file changes', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const { code, said } = await origins(path, 'add', CLIENT, 'https://Shop.Example:443', '*.bücher.example');
  t.equal(code, 0);
  t.match(said, /shop\.example, \*\.xn--bcher-kva\.example/);
  t.same(changedLines(DECK, read()), {
    added: ['      - origin:shop.example', '      - origin:*.xn--bcher-kva.example'],
    removed: [],
  });
  const once = read();
  t.equal((await origins(path, 'add', CLIENT, 'shop.example')).code, 0);
  t.equal(read(), once, 'a repeat changes nothing');
});

t.test('remove: takes them back, and says when none is left', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  await origins(path, 'add', CLIENT, 'one.example');
  t.equal((await origins(path, 'remove', CLIENT, 'one.example')).code, 0);
  t.equal(read(), DECK);
  t.match(await origins(path, 'remove', CLIENT, 'one.example'), {
    code: 2,
    said: `client ${CLIENT} has no origin one.example.`,
  });
});

t.test('bad usage changes nothing, not even by halves', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const cases: [args: string[], said: RegExp][] = [
    [['add', CLIENT, 'good.example', 'not an origin'], /"not an origin" is not an origin/],
    [['add', 'nobody', 'good.example'], /has no client nobody/],
    [['remove', CLIENT, 'good.example'], /has no origin good.example/],
    [['add', CLIENT], /missing required argument 'host'/],
    [['swap', CLIENT, 'good.example'], /unknown command/],
  ];
  for (const [args, said] of cases) t.match(await origins(path, ...args), { code: 2, said }, args.join(' '));
  t.equal(read(), DECK);
});
