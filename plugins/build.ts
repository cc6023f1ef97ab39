import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { PLUGIN_NAMES } from './names.ts';
import type { PluginModule } from './pdk.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * Compiles each plugin to one CommonJS file and writes Kong's schema dump of it. `dist/plugins/stock/<name>/` is the
 * clean folder that the stock kong-js-pluginserver asks for. `dist/plugins/dumps/<name>.json` is what Kong's
 * `pluginserver_<name>_query_cmd = cat …` prints: exactly one plugin, since Kong reads only the first.
 */
export async function buildPlugins(outDir = join(ROOT, 'dist/plugins')): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(join(outDir, 'dumps'), { recursive: true });
  await Promise.all(
    PLUGIN_NAMES.map(async (name) => {
      const files = [join(outDir, `${name}.cjs`), join(outDir, 'stock', name, `${name}.js`)];
      const [result] = await Promise.all(
        files.map((outfile) =>
          build({
            entryPoints: [join(ROOT, 'plugins', name, 'index.ts')],
            outfile,
            bundle: true,
            platform: 'node',
            format: 'cjs',
            target: 'node20',
            legalComments: 'none',
            logLevel: 'warning',
          }),
        ),
      );
      if (result?.errors.length) throw new Error(`${name} did not build`);
      // the folder is CommonJS whatever the package above it says
      writeFileSync(join(outDir, 'stock', 'package.json'), '{"type":"commonjs"}\n');
      const plugin = createRequire(import.meta.url)(files[0] as string) as PluginModule;
      writeFileSync(join(outDir, 'dumps', `${name}.json`), `${JSON.stringify(dump(plugin))}\n`);
    }),
  );
}

/** `{Protocol, Plugins: [info]}` as Kong 3.9 reads it. */
export function dump({ Name, Version, Priority, Schema, Plugin }: PluginModule) {
  const Phases = ['access'].filter((phase) => phase in Plugin.prototype);
  const fields = [{ config: { type: 'record', fields: Schema } }];
  return {
    Protocol: 'ProtoBuf:1',
    Plugins: [{ Name, Version, Priority, Phases, Schema: { name: Name, fields } }],
  };
}

if (import.meta.main) await buildPlugins();
