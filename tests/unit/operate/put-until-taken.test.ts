import t from 'tap';
import { putUntilTaken } from '../../../infra/operate/put-until-taken.ts';
import type { Payload, PutRecords } from '../../../stream/put-records.ts';

const record = (name: string, bytes = 1): Payload => ({ partitionKey: name, data: Buffer.alloc(bytes) });
const records = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, index) => record(`${index}`, bytes));

/** A stream that takes what `takes` says; `calls`: the partition keys of each call. */
function stream(takes: (key: string, call: number) => boolean) {
  const calls: string[][] = [];
  const putRecords: PutRecords = async (_, list) => {
    calls.push(list.map(({ partitionKey }) => partitionKey));
    return list.map(({ partitionKey }) => takes(partitionKey, calls.length));
  };
  return { calls, put: (list: Payload[]) => putUntilTaken('s', list, putRecords, 0) };
}

t.test('calls are as large as Kinesis takes, in order', async (t) => {
  const many = stream(() => true);
  await many.put(records(1_100));
  t.same(
    many.calls.map(({ length }) => length),
    [500, 500, 100],
  );
  t.same(
    many.calls.flat(),
    records(1_100).map(({ partitionKey }) => partitionKey),
  );
  const large = stream(() => true);
  await large.put(records(6, 1_000_000));
  t.same(
    large.calls.map(({ length }) => length),
    [4, 2],
    '5 MiB with their keys, a margin left',
  );
  const none = stream(() => true);
  await none.put([]);
  t.same(none.calls, []);
});

t.test('only what was refused goes again', async (t) => {
  const { calls, put } = stream((key, call) => call > 2 || key !== '1');
  await put(records(3));
  t.same(calls, [['0', '1', '2'], ['1'], ['1']]);
});

t.test('a stream that takes nothing is a sentence, with its reason', async (t) => {
  const { calls, put } = stream(() => false);
  await t.rejects(put(records(2)), {
    code: 'stream_refuses',
    message: /^the stream s takes nothing \(it refuses/,
  });
  t.equal(calls.length, 8);
  let tries = 0;
  const away: PutRecords = async () => {
    tries++;
    throw new Error('kinesis: 400 ResourceNotFoundException');
  };
  await t.rejects(putUntilTaken('s', records(1), away, 0), { message: /ResourceNotFoundException/ });
  t.equal(tries, 8);
});
