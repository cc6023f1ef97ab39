import t from 'tap';
import { enrichRecord } from '../../../storm/enrich/enrich-record.ts';
import { type RawRecord, toRawRecord } from '../../../storm/spout/record-batch.ts';
import { stamped } from '../../support/events.ts';

const record = (text: string): RawRecord => toRawRecord('shardId-000000000000', '1', Buffer.from(text));

t.test(
  'nesting that overflows the stack is a rejected record, not a tuple that fails for ever',
  async (t) => {
    const depth = 100_000;
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const event = JSON.stringify(stamped());
    for (const text of [
      deep,
      `[${event},{"x":${deep}}]`,
      `[${event.replace('"data":{', `"data":{"x":${deep},`)}]`,
    ]) {
      const { events, rejected } = enrichRecord(record(text), () => null);
      t.same(events, []);
      t.equal(rejected.length, 1);
      t.match(rejected[0], { source_id: /^shardId-0+\/1/, code_version: 'development' });
      t.ok((rejected[0]?.payload.length ?? 0) > depth);
    }
  },
);

t.test('an event on which the enrichment fails is rejected by itself, under its triple', async (t) => {
  const bad = stamped({ clientip: '10.0.0.66' });
  const events = [stamped({ clientip: '10.0.0.1' }), bad, stamped({ clientip: '10.0.0.2' })];
  const countryOf = (ip: string) => {
    if (ip === bad.clientip) throw new Error('no such page in the country database');
    return 'DE';
  };
  const batch = enrichRecord(record(JSON.stringify(events)), countryOf);
  t.same(
    batch.events.map(({ n }) => n),
    [events[0]?.n, events[2]?.n],
  );
  t.match(batch.rejected, [
    {
      reason: 'invalid',
      n: bad.n,
      client_id: 'demo',
      detail: 'the enrichment failed: no such page in the country database',
    },
  ]);
  t.notMatch(batch.rejected[0]?.payload, /10\.0\.0\.66/);
});
