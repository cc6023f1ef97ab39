import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settingsOf } from '../../../infra/local/database-roles.ts';
import { ROOT } from '../../../infra/local/paths.ts';
import { FUNCTION_SETTINGS } from '../../../lambdas/adapters/session-settings.ts';
import { TOPOLOGY_SETTINGS } from '../../../storm/index.ts';

t.test('the page has every setting of the logins', async (t) => {
  const page = readFileSync(join(ROOT, 'docs/databases.md'), 'utf8');
  for (const statement of [
    ...settingsOf('functions', FUNCTION_SETTINGS),
    ...settingsOf('storm', TOPOLOGY_SETTINGS),
  ])
    t.ok(page.includes(`    ${statement};\n`), statement);
});
