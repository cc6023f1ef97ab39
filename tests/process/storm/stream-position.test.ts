import { randomUUID } from 'node:crypto';
import t from 'tap';
import { openStreamReader, type Triple } from '../../../infra/local/load/stream-position.ts';
import { localKinesis } from '../../support/local-kinesis.ts';

const STREAM = 'position';
const SHARDS = 3;
const boot = randomUUID();
const kinesis = await localKinesis(t, STREAM, SHARDS);

/** A record as kinesis-forward puts it: an array of events, of which the reader looks at the triples only. */
const record = (...triples: Triple[]) =>
  JSON.stringify(triples.map(([producer, boot, n]) => ({ producer, boot, n })));
const triple = (n: number, producer = 'node'): Triple => [producer, boot, String(n)];
const sorted = (triples: Triple[]) => triples.map((one) => one.join(' ')).sort();

const openReader = () => openStreamReader(kinesis.env.AWS_ENDPOINT_URL_KINESIS, STREAM);

t.test('nothing put, nothing read, on a stream that was never written to', async (t) => {
  const reader = await openReader();
  t.teardown(reader.close);
  t.same(await reader.read(), []);
});

t.test('what was put after the reader was opened is read from every shard, and only that', async (t) => {
  await kinesis.put(Array.from({ length: 30 }, (_, n) => record(triple(n, 'before'))));
  const reader = await openReader();
  t.teardown(reader.close);
  t.same(await reader.read(), [], 'nothing yet');
  await kinesis.put([record(triple(1))]);
  t.same(await reader.read(), [triple(1)], 'one record in one shard, none in the others');
  await kinesis.put(Array.from({ length: 60 }, (_, n) => record(triple(2 * n + 2), triple(2 * n + 3))));
  const expected = Array.from({ length: 121 }, (_, n) => triple(n + 1));
  t.same(sorted(await reader.read()), sorted(expected));
  t.same(sorted(await reader.read()), sorted(expected), 'a second read gives the same');
});

t.test('an event that was put twice is one; the same number of another boot is another', async (t) => {
  const reader = await openReader();
  t.teardown(reader.close);
  const other: Triple = ['node', randomUUID(), '1'];
  await kinesis.put([record(triple(1)), record(triple(1)), record(other), record(triple(1, 'other-node'))]);
  t.same(sorted(await reader.read()), sorted([triple(1), other, triple(1, 'other-node')]));
});
