import t from 'tap';
import type { ReplayResult } from '../../../infra/local/load/run-load.ts';
import type { Books } from '../../../infra/local/load/stored-counts.ts';
import { formatTable, makeTable } from '../../../infra/local/load/table.ts';

const replay: ReplayResult = {
  sent: 1_250,
  registered: 1_240,
  rejected: { invalid_body: 7, no_answer: 3 },
  accepted: 1_300,
  subscribed: 60,
  seconds: 12.5,
  registrations_per_second: 99.2,
  p50_ms: 8.1,
  p99_ms: 40.9,
};
const books: Books = {
  events_received: 1_420,
  events_stored: 1_300,
  events_duplicate: 110,
  events_rejected: 10,
  missing: [],
};
const lambda = { invocations: 90, environments: 6 };

t.test('the table holds what was counted, under the names that --json promises', async (t) => {
  const table = makeTable(replay, books, lambda);
  const { missing, ...counts } = books;
  t.same(table, { ...replay, ...counts, ...lambda, balanced: true });
  const refused = Object.values(table.rejected).reduce((sum, count) => sum + count, 0);
  t.equal(table.sent, table.registered + refused);
  t.equal(table.events_received, table.events_stored + table.events_duplicate + table.events_rejected);
  t.notOk('missing' in table, 'the missing are printed, not counted');
});

for (const { name, result, counts } of [
  { name: 'an event is missing', counts: { events_stored: 1_299, missing: [['node', 'b', '7'] as const] } },
  { name: 'an event is missing in the sums only', counts: { events_stored: 1_299 } },
  { name: 'an event is in two tables', counts: { events_duplicate: 111 } },
  { name: 'a request has no outcome', result: { sent: 1_251 } },
  { name: 'a rejection has no request', result: { rejected: { invalid_body: 11 } } },
  { name: 'a 2xx is neither a registration nor a subscription', result: { accepted: 1_301 } },
  {
    name: 'a registration left no event on the stream',
    counts: { events_received: 1_239, events_stored: 1_119 },
  },
]) {
  t.test(`the books do not balance when ${name}`, async (t) => {
    const table = makeTable({ ...replay, ...result }, { ...books, ...counts }, lambda);
    t.equal(table.balanced, false);
    t.match(formatTable(table, []), /The books DO NOT balance\.$/);
  });
}

t.test('the text names every count, and at its end whether the books balance', async (t) => {
  const text = formatTable(makeTable(replay, books, lambda), []);
  for (const row of [
    /^ {2}registration requests sent +1,250$/m,
    /^ {4}registered \(201 and 200\) +1,240$/m,
    /^ {4}rejected +7 invalid_body, 3 no_answer$/m,
    /^ {2}subscriptions +60$/m,
    /^ {2}accepted \(every 2xx\) +1,300$/m,
    /^ {2}events in Kinesis +1,420$/m,
    /^ {4}stored +1,300$/m,
    /^ {4}duplicates \(the same event again\) +110$/m,
    /^ {4}rejected +10$/m,
    /^ {2}invocations +90 in 6 environments$/m,
    /^ {2}latency p50 \/ p99 +8\.1 \/ 40\.9 ms$/m,
    /\n\nThe books balance\.$/,
  ])
    t.match(text, row);
  const columns = text
    .split('\n\n')[0]
    ?.split('\n')
    .map((line) => line.search(/(?<= {2})\S[^ ]*( \S+)*$/));
  t.equal(new Set(columns).size, 1, 'the values stand under each other');
});

t.test('nothing rejected is a nought, and what is missing is named', async (t) => {
  const table = makeTable({ ...replay, rejected: {} }, books, lambda);
  t.match(formatTable(table, []), /registered[^\n]*\n {4}rejected +0\n/);
  t.match(
    formatTable(table, [
      ['node', 'boot', '7'],
      ['node', 'boot', '9'],
    ]),
    /\n {2}missing: node boot 7\n {2}missing: node boot 9$/,
  );
});
