import t from 'tap';
import { validate, version } from 'uuid';
import { consumerId } from '../../../contracts/consumer-id.ts';

t.test("a consumer's id never changes: it stands in deck.yaml", async (t) => {
  t.equal(consumerId('demo-news'), 'cb136aab-520a-590a-b84d-638b865b60a1');
  t.equal(consumerId('demo-tv'), 'e921be8d-a90e-5cac-900f-da279368261b');
});

t.test('it is a UUIDv5, another for each name', async (t) => {
  const ids = ['a', 'b', 'A', ''].map(consumerId);
  for (const id of ids) t.ok(validate(id) && version(id) === 5, id);
  t.equal(new Set(ids).size, ids.length);
});
