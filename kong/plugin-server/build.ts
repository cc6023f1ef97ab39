import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** Bundles the plugin server and its health check to dist/plugin-server, so that a sidecar needs Node and nothing else. */
export async function buildPluginServer(outDir = join(ROOT, 'dist/plugin-server')): Promise<void> {
  await build({
    entryPoints: ['main', 'health'].map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}

if (import.meta.main) await buildPluginServer();
