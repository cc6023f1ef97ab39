import fc from 'fast-check';
import t from 'tap';
import { v1, v4, v6, v7 } from 'uuid';
import {
  CLOCK_BEHIND_MS,
  FACT_WINDOW_MS,
  IDEMPOTENCY_MS,
  uuidv7Time,
} from '../../../contracts/cloud-event.ts';

t.test('the time inside a UUIDv7, whatever the time', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.boolean(), (msecs, upper) => {
      const id = v7({ msecs });
      return uuidv7Time(upper ? id.toUpperCase() : id) === msecs;
    }),
  );
});

t.test("RFC 9562's own example", async (t) => {
  t.equal(uuidv7Time('017F22E2-79B0-7CC3-98C4-DC0C0C07398F'), Date.parse('2022-02-22T19:22:22Z'));
});

t.test('what is no UUIDv7 has no time', async (t) => {
  const id = v7();
  for (const other of [
    '',
    v1(),
    v4(),
    v6(),
    ` ${id}`,
    `${id}\n`,
    id.replaceAll('-', ''),
    `{${id}}`,
    `urn:uuid:${id}`,
    '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ])
    t.equal(uuidv7Time(other), null, other);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => uuidv7Time(text) === null));
});

t.test('a fact that is given again is still taken by storage, and an answer outlives it', async (t) => {
  t.ok(FACT_WINDOW_MS < CLOCK_BEHIND_MS);
  t.ok(IDEMPOTENCY_MS >= FACT_WINDOW_MS);
});
