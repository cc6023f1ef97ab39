import { readFileSync } from 'node:fs';
import { StopError } from '../stop-error.ts';

/** Reads a CSV `minute,requests` (HH:MM or a number; `#` starts a comment) into weights a minute. */
export function readSurgeFile(file: string): number[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StopError(
      `the surge file ${file} can not be read: ${(error as NodeJS.ErrnoException).code}.`,
      2,
    );
  }
  const weights: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const row = line.replace(/#.*/, '').trim();
    if (row === '' || row === 'minute,requests') continue;
    const match = /^(?:\d{1,2}:\d{2}|\d+)\s*,\s*(\d+(?:\.\d+)?)$/.exec(row);
    if (!match)
      throw new StopError(`${file}, line ${index + 1}: "${row.slice(0, 60)}" is not minute,requests.`, 2);
    weights.push(Number(match[1]));
  }
  if (weights.length === 0 || !weights.some((weight) => weight > 0))
    throw new StopError(`${file} holds no minute with requests.`, 2);
  return weights;
}
