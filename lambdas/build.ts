import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
export const FUNCTION_NAMES = ['registrations', 'subscriptions', 'reconcile'] as const;

/**
 * Prisma's query compiler as a file of its own beside the bundle: as base64 in it, it is a third larger, and two megabytes
 * of text to read before an environment can start.
 */
const compilerAsFile: Plugin = {
  name: 'query-compiler-as-file',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /\.wasm-base64\.mjs$/ }, () => ({
      contents: [
        "import { readFileSync } from 'node:fs';",
        "import file from './query-compiler.wasm';",
        "export const wasm = readFileSync(new URL(file, import.meta.url)).toString('base64');",
      ].join('\n'),
    }));
    onResolve({ filter: /^\.\/query-compiler\.wasm$/ }, ({ path, importer }) => ({
      path,
      namespace: 'compiler',
      pluginData: importer,
    }));
    onLoad({ filter: /.*/, namespace: 'compiler' }, ({ pluginData }) => {
      const [, base64] = /"([\w+/=]{1000,})"/.exec(readFileSync(pluginData as string, 'utf8')) ?? [];
      if (!base64) throw new Error(`${pluginData} holds no base64`);
      return { contents: Buffer.from(base64, 'base64'), loader: 'file' };
    });
  },
};

/**
 * Bundles each function to dist/lambdas/<name>: index.mjs and its query-compiler.wasm. ESM: Prisma's generated client needs import.meta.url; the
 * banner gives the CommonJS packages among the dependencies their require.
 */
export async function buildLambdas(outDir = join(ROOT, 'dist/lambdas')): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  await Promise.all(FUNCTION_NAMES.map((name) => buildFunction(name, join(outDir, name))));
}

function buildFunction(name: string, outdir: string): Promise<unknown> {
  return build({
    entryPoints: [join(ROOT, 'lambdas', name, 'index.ts')],
    outdir,
    assetNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [compilerAsFile],
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
