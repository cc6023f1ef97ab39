import { join } from 'node:path';
import t from 'tap';
import { BUDGETS, measureSizes } from '../../../sdk/web/size.ts';
import { tempDir } from '../../support/temp-dir.ts';

t.test('the SDK is within its budget', async (t) => {
  const sizes = await measureSizes(join(tempDir(t), 'sdk'));
  t.same(
    sizes.map(({ file }) => file),
    Object.keys(BUDGETS),
  );
  for (const { file, gzip, budget, fits } of sizes) t.ok(fits, `${file}: ${gzip} of ${budget} bytes of gzip`);
});
