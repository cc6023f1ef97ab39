import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { keyDigest } from '../../../contracts/api-key.ts';
import { consumerId } from '../../../contracts/consumer-id.ts';
import {
  addConsumer,
  addKeyTag,
  addOrigin,
  DeckFileError,
  disableConsumer,
  findConsumer,
  listConsumers,
  readDeckFile,
  removeKeyTag,
  setKeyExpiry,
  writeDeckFile,
} from '../../../infra/deck/deck-file.ts';
import { changedLines, DECK, deckFixture } from '../../support/deck-fixture.ts';

const digest = keyDigest('pk_acme_example');
const SPRING = 'nZFXfLs9qv9PxvyCYOINqd82MfIOQ-X0mlDTrB75ZHU';

t.test('an edit adds its line and leaves every other byte', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const deck = readDeckFile(path);
  addKeyTag(deck, 'acme', { kind: 'pk', digest, expires: '2027-01-01' });
  addOrigin(deck, 'acme', '*.acme.example');
  writeDeckFile(deck);
  t.same(changedLines(DECK, read()), {
    added: [`      - key:pk:${digest}:2027-01-01`, '      - origin:*.acme.example'],
    removed: [],
  });
  t.same(findConsumer(readDeckFile(path), 'acme'), {
    name: 'acme',
    keys: [
      { kind: 'pk', digest: SPRING, expires: null },
      { kind: 'pk', digest, expires: '2027-01-01' },
    ],
    origins: ['www.acme.example', '*.acme.example'],
    disabled: false,
  });
});

t.test("the project's own deck.yaml is written back byte for byte, new consumer aside", async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../../deck.yaml'), 'utf8');
  const { path, read } = deckFixture(t.testdir({}), text);
  const deck = readDeckFile(path);
  addConsumer(deck, 'new-client');
  addOrigin(deck, 'new-client', 'localhost:8080');
  writeDeckFile(deck);
  t.equal(
    read(),
    `${text}  - username: new-client\n    id: ${consumerId('new-client')}\n    tags:\n      - origin:localhost:8080\n`,
  );
});

t.test('every edit may be repeated', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const edit = () => {
    const deck = readDeckFile(path);
    addConsumer(deck, 'new');
    addKeyTag(deck, 'new', { kind: 'sk', digest, expires: null });
    addOrigin(deck, 'new', 'a.example');
    disableConsumer(deck, 'acme');
    removeKeyTag(deck, 'acme', SPRING);
    writeDeckFile(deck);
  };
  edit();
  const once = read();
  const { mtimeNs } = statSync(path, { bigint: true });
  edit();
  t.equal(read(), once);
  t.equal(statSync(path, { bigint: true }).mtimeNs, mtimeNs, 'the file was not touched');
});

t.test('a key that is there gets its new expiry, once', async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const deck = readDeckFile(path);
  setKeyExpiry(deck, 'acme', SPRING, '2027-03-01');
  writeDeckFile(deck);
  t.same(changedLines(DECK, read()), {
    added: [`      - key:pk:${SPRING}:2027-03-01`],
    removed: [`      - key:pk:${SPRING}:-`],
  });
  addKeyTag(deck, 'acme', { kind: 'pk', digest: SPRING, expires: null });
  t.same(findConsumer(deck, 'acme').keys, [{ kind: 'pk', digest: SPRING, expires: null }]);
});

t.test('a file without consumers gets the list', async (t) => {
  const folder = t.testdir({});
  for (const text of ['_format_version: "3.0"\n', '_format_version: "3.0"\nconsumers: []\n']) {
    const { path, read } = deckFixture(folder, text);
    const deck = readDeckFile(path);
    addConsumer(deck, 'first');
    writeDeckFile(deck);
    t.equal(
      read(),
      `_format_version: "3.0"\nconsumers:\n  - username: first\n    id: ${consumerId('first')}\n`,
    );
  }
});

t.test('what is wrong with a file is said in one sentence that names it', async (t) => {
  const folder = t.testdir({});
  const refuse = (text: string, pattern: RegExp) => {
    const { path } = deckFixture(folder, text);
    const error = t.throws(() => readDeckFile(path), pattern) as unknown as Error;
    t.ok(error instanceof DeckFileError);
    t.match(error.message, path);
    t.notMatch(error.message, /\n/);
  };
  refuse('a: [', /not valid YAML/);
  refuse('a: 1\na: 2\n', /not valid YAML.*line 2/);
  refuse('', /holds no mapping/);
  refuse('- a\n', /holds no mapping/);
  refuse('consumers: all\n', /consumers is no list/);
  refuse('consumers: [acme]\n', /consumers\[0\] is no mapping/);
  refuse('consumers: [{id: x}]\n', /consumers\[0\] has no username/);
  refuse('consumers: [{username: a}, {username: a}]\n', /two consumers a/);
  refuse('consumers: [{username: a, tags: x}]\n', /tags of consumer a are no list/);
  refuse('consumers: [{username: a, tags: [1]}]\n', /tags\[0\] of consumer a is no string/);
  t.throws(() => readDeckFile(join(folder, 'none.yaml')), /there is no .*none\.yaml/);
  t.throws(() => readDeckFile(folder), /can't be read: EISDIR/);
});

t.test('a raw key pasted as a tag is refused and not repeated in the error', async (t) => {
  const key = 'pk_acme_123456789012345678901234567';
  const { path } = deckFixture(t.testdir({}), `consumers: [{username: a, tags: ["key:pk:${key}:-"]}]\n`);
  try {
    readDeckFile(path);
    t.fail('it was accepted');
  } catch (error) {
    t.match((error as Error).message, /tags\[0\] of consumer a is not a well-formed key tag/);
    t.notMatch((error as Error).message, key);
  }
});

t.test('an unknown consumer, or a name that is none', async (t) => {
  const deck = readDeckFile(deckFixture(t.testdir({})).path);
  t.throws(() => addOrigin(deck, 'nobody', 'a.example'), /has no client nobody/);
  t.throws(() => addConsumer(deck, 'a_b'), /"a_b" is not a client name/);
  t.equal(listConsumers(deck).length, 2);
});

t.test("another's change in between is not overwritten", async (t) => {
  const { path, read } = deckFixture(t.testdir({}));
  const deck = readDeckFile(path);
  addOrigin(deck, 'acme', 'b.example');
  const changed = `${DECK}# a line of another's\n`;
  writeFileSync(path, changed);
  t.throws(() => writeDeckFile(deck), /changed by someone else/);
  t.equal(read(), changed);
});

t.test('the file keeps its mode, a link stays a link, and nothing else is left beside it', async (t) => {
  const folder = t.testdir({});
  const { path, read } = deckFixture(folder);
  chmodSync(path, 0o640);
  const link = join(folder, 'link.yaml');
  symlinkSync('deck.yaml', link);
  const deck = readDeckFile(link);
  disableConsumer(deck, 'acme');
  writeDeckFile(deck);
  t.ok(lstatSync(link).isSymbolicLink());
  t.equal(statSync(path).mode & 0o777, 0o640);
  t.match(read(), '- disabled');
  t.same(readdirSync(folder).sort(), ['deck.yaml', 'link.yaml']);
});
