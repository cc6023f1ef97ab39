import t from 'tap';
import { uuidv7Time } from '../../../contracts/cloud-event.ts';
import { pause } from '../../../sdk/web/src/retry.ts';
import { uuidv7 } from '../../../sdk/web/src/uuid.ts';

t.test(
  'a pause has full jitter, doubles, ends at five minutes, and is never shorter than Retry-After',
  async (t) => {
    for (let failures = 1; failures < 60; failures++) {
      const most = Math.min(300_000, 1_000 * 2 ** (failures - 1));
      t.equal(
        pause(failures, 0, () => 0),
        0,
      );
      t.equal(
        pause(failures, 0, () => 1),
        most,
        `${failures} failures`,
      );
      t.equal(
        pause(failures, 7, () => 0),
        7_000,
      );
    }
  },
);

t.test('ids are UUIDv7 of their moment, and no two alike', async (t) => {
  const ids = new Set<string>();
  for (const ms of [0, 1, 1_700_000_000_000, Date.now(), 2 ** 47]) {
    for (let n = 0; n < 1_000; n++) ids.add(uuidv7(ms));
    t.equal(uuidv7Time(uuidv7(ms)), ms);
  }
  t.equal(ids.size, 5_000);
  t.equal(uuidv7Time(uuidv7(-5)), 0, 'a clock before 1970');
});
