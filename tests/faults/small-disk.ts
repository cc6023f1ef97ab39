import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

/** A small file system for the spool; false where this user can't mount one. */
export function mountSmallDisk(dir: string, megabytes: number): boolean {
  mkdirSync(dir, { recursive: true });
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', dir]).status === 0;
}

export function unmount(dir: string): void {
  spawnSync('umount', ['-l', dir]);
}

/** Bytes left on the file system of `dir`. */
export function bytesLeft(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
