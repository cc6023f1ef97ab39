import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tools } from '../../infra/local/setup.ts';
import type { Row } from './row.ts';

/** What the command asks of the process that tap runs, as JSON in this variable. */
export const ASSIGNMENT_VARIABLE = 'PISTATS_FAULTS';

export interface Assignment {
  tools: Tools;
  dataDir: string;
  /** faults whose name holds one of these; none: all */
  only: string[];
  /** of the random schedule */
  seed: number;
  /** no fault is begun later than this after the first */
  beginWithinMs: number;
}

export function readAssignment(): Assignment {
  const text = process.env[ASSIGNMENT_VARIABLE];
  if (!text) throw new Error('run it by `npm run test:faults`');
  return JSON.parse(text) as Assignment;
}

const rowsFile = (dataDir: string) => join(dataDir, 'rows.ndjson');

/** The outcome of one fault, for the command's table; written at once, so that an interrupted run has its rows. */
export function writeRow(dataDir: string, row: Row): void {
  appendFileSync(rowsFile(dataDir), `${JSON.stringify(row)}\n`);
}

/** tap keeps what a test says until its end: the command shows this meanwhile. */
export function sayProgress(dataDir: string, line: string): void {
  appendFileSync(join(dataDir, 'progress.log'), `${line}\n`);
}

/** Gives what was said since the last call. */
export function progressReader(dataDir: string): () => string {
  let shown = 0;
  return () => {
    const file = join(dataDir, 'progress.log');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const fresh = text.slice(shown);
    shown = text.length;
    return fresh;
  };
}

export function readRows(dataDir: string): Row[] {
  if (!existsSync(rowsFile(dataDir))) return [];
  const lines = readFileSync(rowsFile(dataDir), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
}
