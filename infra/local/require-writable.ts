import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
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

const WHY: Partial<Record<string, string>> = {
  EEXIST: 'it, or what it lies in, is a file',
  ENOTDIR: 'it, or what it lies in, is a file',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a file system that is mounted read-only',
};

/** Makes the data folder if need be. @throws StopError, bad configuration */
export function requireDataFolder(dir: string): void {
  try {
    makeFolder(dir);
    rmdirSync(mkdtempSync(join(dir, '.writable-')));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw error;
    throw new StopError(
      `PISTATS_DATA: ${dir} can not be written: ${WHY[code] ?? code}. Name a folder that can.`,
      2,
    );
  }
}

/** Not `recursive`: over /proc, and what else answers ENOENT to mkdir, Node does not end. */
function makeFolder(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(dir) !== dir) makeFolder(dirname(dir));
  mkdirSync(dir);
}
