import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { buildWebSdk } from './build.ts';

/** Bytes of gzip -9 that a page may be asked to load. */
export const BUDGETS: Record<string, number> = { 'pistats.mjs': 6_000, 'pistats.js': 6_000 };

/** Each file's size, and whether it is within its budget. */
export async function measureSizes(outDir: string) {
  await buildWebSdk(outDir);
  return Object.entries(BUDGETS).map(([file, budget]) => {
    const bytes = readFileSync(join(outDir, file));
    const gzip = gzipSync(bytes, { level: 9 }).length;
    return {
      file,
      bytes: bytes.length,
      gzip,
      brotli: brotliCompressSync(bytes).length,
      budget,
      fits: gzip <= budget,
    };
  });
}

/** `npm run sdk:size`: exit 1 where a file has outgrown its budget. */
if (import.meta.main) {
  const sizes = await measureSizes(join(tmpdir(), `pistats-sdk-${process.pid}`));
  for (const { file, bytes, gzip, brotli, budget, fits } of sizes)
    process.stdout.write(
      `${fits ? 'held ' : 'SHORT'} ${file.padEnd(12)} ${bytes} bytes, gzip ${gzip} of ${budget}, brotli ${brotli}\n`,
    );
  if (sizes.some(({ fits }) => !fits)) process.exitCode = 1;
}
