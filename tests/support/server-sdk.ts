import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../infra/local/paths.ts';
import { buildServerSdk } from '../../sdk/server/build.ts';

/** Builds the package into a project that has it and what it depends on, and nothing else. */
export async function installServerSdk(project: string): Promise<void> {
  const modules = join(realpathSync(project), 'node_modules');
  mkdirSync(join(modules, '@pistats'), { recursive: true });
  await buildServerSdk(join(modules, '@pistats/server'));
  for (const name of ['jose', 'openapi-fetch', 'uuid'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
}
