import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readDeckModel } from '../../../infra/deck/deck-model.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { brokenRelations, relationSentence, relations } from '../../../infra/relations.ts';

const DECK = readFileSync(join(ROOT, 'deck.yaml'), 'utf8');
const broken = (deck: string, maxConnections = 100) =>
  brokenRelations(
    relations(readDeckModel(deck, 'deck.yaml'), { concurrency: [10, 10, 1], maxConnections, reserved: 20 }),
  ).map(relationSentence);

t.test('all of them hold for deck.yaml as it is', async (t) => {
  t.ok(relations(readDeckModel(DECK, 'deck.yaml')).length > 25, 'three routes of functions among them');
  t.same(broken(DECK), []);
});

const CHANGES: [what: string, from: RegExp, to: string, sentence: RegExp][] = [
  [
    'a deadline',
    /deadline_ms: 10000/,
    'deadline_ms: 9000',
    /^register: three times .*: 9900 must be at most 9000$/,
  ],
  ['a batch', /max_size: 250/, 'max_size: 1001', /^register: max_size.*: 1001 must be at most 1000$/],
  ['in flight', /min_in_flight: 2/, 'min_in_flight: 9', /^register: min_in_flight.*: 9 must be at most 8$/],
  [
    'the spool',
    /spool_after_ms: 1000/,
    'spool_after_ms: 5000',
    /^register: spool_after_ms.*: 5000 must be less than 5000$/,
  ],
  ['the queue', /max_queue_bytes: 33554432/, 'max_queue_bytes: 65536', /^register: an invocation/],
  [
    'Kinesis',
    /deadline_ms: 5000/,
    'deadline_ms: 6000',
    /^register: both deadlines.*: 16000 must be at most 15000$/,
  ],
];
for (const [what, from, to, sentence] of CHANGES)
  t.test(`${what} that does not fit is named`, async (t) => {
    const found = broken(DECK.replace(from, to));
    t.equal(found.length, 1, found.join('\n'));
    t.match(found[0], sentence);
  });

t.test('too few connections are named', async (t) => {
  t.match(broken(DECK, 40), [/^pool × concurrency .*: 21 must be at most 20$/]);
});
