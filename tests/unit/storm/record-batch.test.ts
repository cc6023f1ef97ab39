import fc from 'fast-check';
import t from 'tap';
import { decodeBatch, encodeBatch, toRawRecord } from '../../../storm/spout/record-batch.ts';

t.test('any bytes survive the way through a tuple', async (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        { minLength: 1 },
      ),
      (datas) => {
        const batch = encodeBatch(datas.map((data, n) => toRawRecord('shard', String(n), data)));
        const records = decodeBatch(batch);
        return datas.every((data, n) => {
          const record = records[n];
          if (!record || record.sequence !== String(n) || record.shard !== 'shard') return false;
          return Buffer.from(record.data, record.encoding === 'base64' ? 'base64' : 'utf8').equals(
            Buffer.from(data),
          );
        });
      },
    ),
  );
  t.pass('holds');
});

t.test('JSON stays readable text, a separator inside garbage does not', async (t) => {
  t.equal(toRawRecord('s', '1', Buffer.from('{"a":"é"}')).encoding, 'text');
  t.equal(toRawRecord('s', '1', Buffer.from('a\u001eb')).encoding, 'base64');
  t.equal(toRawRecord('s', '1', Buffer.from([0xff, 0xfe])).encoding, 'base64');
});
