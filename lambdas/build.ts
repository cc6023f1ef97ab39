import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
export const FUNCTION_NAMES = ['registrations', 'subscriptions', 'reconcile'] as const;

/**
 * Bundles each function to dist/lambdas/<name>/index.mjs. ESM: Prisma's generated client needs import.meta.url; the
 * banner gives the CommonJS packages among the dependencies their require.
 */
export async function buildLambdas(outDir = join(ROOT, 'dist/lambdas')): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  await build({
    entryPoints: FUNCTION_NAMES.map((name) => ({
      in: join(ROOT, 'lambdas', name, 'index.ts'),
      out: `${name}/index`,
    })),
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'warning',
    banner: {
      js: [
        "import { createRequire as __createRequire } from 'node:module';",
        "import { dirname as __pathDirname } from 'node:path';",
        'const require = __createRequire(import.meta.url);',
        'const __dirname = __pathDirname(new URL(import.meta.url).pathname);',
      ].join(''),
    },
  });
}

if (import.meta.main) await buildLambdas();
