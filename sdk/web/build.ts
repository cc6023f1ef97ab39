import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Browsers of 2022 and later: what a media site's analytics see, less a percent. */
const TARGET = ['chrome100', 'firefox100', 'safari15.4'];

/** Methods and parts that the files of the SDK know of each other, and nobody else: nothing of it is stored, sent or public. */
const INTERNAL = /^(?:settle|arrived|known|sender|queue|store|drop|head|last|update|list|renew|expired)$/;

/** The module for bundlers (`pistats.mjs`) and the script of the snippet (`pistats.js`), each whole in one file. */
export async function buildWebSdk(outDir = join(import.meta.dirname, 'dist')): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  const options = {
    bundle: true,
    minify: true,
    target: TARGET,
    mangleProps: INTERNAL,
    legalComments: 'none',
    logLevel: 'warning',
  } as const;
  const source = (name: string) => join(import.meta.dirname, 'src', name);
  await Promise.all([
    build({
      ...options,
      entryPoints: [source('index.ts')],
      format: 'esm',
      outfile: join(outDir, 'pistats.mjs'),
    }),
    build({
      ...options,
      entryPoints: [source('script.ts')],
      format: 'iife',
      outfile: join(outDir, 'pistats.js'),
    }),
  ]);
}

/** `npm run sdk:build`: what is published. */
if (import.meta.main) await buildWebSdk();
