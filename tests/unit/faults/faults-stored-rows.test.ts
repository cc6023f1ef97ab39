import t from 'tap';
import { type Accepted, eventKey, registrationKey, subscriptionKey } from '../../faults/load.ts';
import { formatRows, longestGap } from '../../faults/row.ts';
import { countAbsorbed, type Databases, missingRows, storedFacts } from '../../faults/stored-rows.ts';

const DEVICE = 'device-1';

/** Databases that answer each query with the next of these rows. */
function databases(...answers: object[][]): Databases {
  const query = async () => ({ rows: answers.shift() ?? [] });
  return { registry: { query }, analytics: { query } } as unknown as Databases;
}

t.test('a stored event is found under the name that its request has at the client', async (t) => {
  const event = { event_id: 'e', device_id: DEVICE, user_id: 'user-1', topics: null };
  const joined = 'pistats.subscription.joined';
  const stored = await storedFacts(
    databases([
      { ...event, type: 'pistats.registration.created' },
      { ...event, type: 'pistats.registration.updated' },
      { ...event, type: joined, topics: ['sport'] },
      { ...event, type: 'client.page_view' },
    ]),
    new Date(),
  );
  t.same(
    [...stored],
    [
      [registrationKey(DEVICE, 'user-1'), 2],
      [subscriptionKey(joined, DEVICE, ['sport']), 1],
      [eventKey('e'), 1],
    ],
  );
});

const accepted = (state: 'joined' | 'left', name = 'sport'): Accepted => ({
  kind: 'subscription',
  client: 'first',
  at: 0,
  facts: [],
  device: DEVICE,
  topic: { name, state },
});

t.test('a device or a topic that the registry does not have is named', async (t) => {
  const both = [accepted('joined'), accepted('left')];
  const row = (state: string) => [{ key: `${DEVICE} sport`, state }];
  t.same(await missingRows(databases([{ id: DEVICE }], row('left')), both), []);
  t.same(await missingRows(databases([{ id: DEVICE }], row('joined')), both), [
    `subscription ${DEVICE} sport`,
  ]);
  t.same(await missingRows(databases([{ id: DEVICE }], []), both), [`subscription ${DEVICE} sport`]);
  t.same(await missingRows(databases([], row('left')), both), [`device ${DEVICE}`]);
});

t.test('duplicates and rejected events are counted', async (t) => {
  t.same(await countAbsorbed(databases([{ duplicates: 3, rejected: 1 }]), new Date()), {
    duplicates: 3,
    rejected: 1,
  });
});

t.test('the longest time without an answer counts from the beginning, and to the end', async (t) => {
  t.equal(longestGap([110, 120, 190], 100, 200), 70);
  t.equal(longestGap([190], 100, 200), 90);
  t.equal(longestGap([110], 100, 200), 90);
  t.equal(longestGap([], 100, 200), 100);
  t.equal(longestGap([150, 500], 100, 200), 50, 'an answer after the end is none');
});

t.test('the table is Markdown', async (t) => {
  const row = {
    fault: 'kill',
    answered: 1_234,
    facts: 2,
    stored: 2,
    duplicates: 0,
    lost: 0,
    gapMs: 1_250,
    registrationGapMs: 2_000,
    retries: 7,
  };
  const [head, rule, line] = formatRows([row]).split('\n');
  t.match(head, /^\| fault \| answered 2xx \| facts and events \| stored \|/);
  t.match(rule, /^\| -----[-:| ]+\|$/);
  t.match(line, /^\| kill {2}\| +1,234 \| +2 \| +2 \| +0 \| +0 \| +1\.3 s \| +2\.0 s \| +7 \|$/);
});
