import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { StopError } from './stop-error.ts';

/**
 * For a command's `--json`: better to hear of it now than after the work. Leaves no empty file behind.
 * @throws StopError, bad usage
 */
export function requireWritable(file: string): void {
  const isNew = !existsSync(file);
  try {
    closeSync(openSync(file, 'a'));
    if (isNew) rmSync(file);
  } catch (error) {
    throw new StopError(`--json ${file} can not be written: ${(error as NodeJS.ErrnoException).code}.`, 2);
  }
}
