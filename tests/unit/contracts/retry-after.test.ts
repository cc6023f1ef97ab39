import t from 'tap';
import { retryAfter } from '../../../contracts/retry-after.ts';

t.test('whole seconds, rounded up, at least one', async (t) => {
  for (const [seconds, header] of [
    [0, '1'],
    [0.2, '1'],
    [1, '1'],
    [1.01, '2'],
    [60, '60'],
    [-3, '1'],
    [Number.NaN, '1'],
  ] as const)
    t.equal(retryAfter(seconds), header, String(seconds));
});
