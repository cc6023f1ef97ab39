import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Makes the package @pistats/server, as it is published: one ES module for every runtime that has fetch and WebCrypto, its
 * declarations, manifest and README. @throws when the types do not hold without those of Node
 */
export async function buildServerSdk(outDir = join(ROOT, 'dist/sdk/server')): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'src/index.ts')],
    outfile: join(outDir, 'index.js'),
    bundle: true,
    packages: 'external',
    platform: 'neutral',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', import.meta.dirname, '--outDir', outDir], { stdio: 'inherit' });
  for (const name of readdirSync(outDir).filter((file) => file.endsWith('.d.ts'))) importAsJs(outDir, name);
  for (const name of ['package.json', 'README.md'])
    copyFileSync(join(import.meta.dirname, name), join(outDir, name));
  copyFileSync(join(ROOT, 'LICENSE'), join(outDir, 'LICENSE'));
}

/** A declaration names its neighbours as the compiler of another project looks for them. */
function importAsJs(dir: string, name: string): void {
  const text = readFileSync(join(dir, name), 'utf8');
  writeFileSync(join(dir, name), text.replace(/(from '\.\/[^']+)\.ts'/g, "$1.js'"));
}

if (import.meta.main) await buildServerSdk();
