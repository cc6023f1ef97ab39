import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is the test's alone, also when the same file runs a second time beside it. */
export function tempDir(t: { teardown(f: () => unknown): unknown }): string {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-infra-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
