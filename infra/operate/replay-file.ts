import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { OperatorError } from './errors.ts';
import type { Correction } from './replay-event.ts';
import type { RejectedRow } from './replay-rows.ts';

/** A line of the file: what `export` writes and, with a corrected payload, `put --in` reads. */
export interface ReplayLine extends Correction {
  source_id: string;
}

/** The row as a line; a JSON payload as JSON, so that it can be edited. Anything else stays text. */
export function replayLine(row: RejectedRow): string {
  const { source_id, reason, detail, client_id, code_version, rejected_at, payload_encoding, payload } = row;
  const value: unknown = payload_encoding === 'json' ? JSON.parse(payload) : payload;
  const head = { source_id, reason, detail, client_id, code_version, rejected_at, payload_encoding };
  return JSON.stringify({ ...head, payload: value });
}

/** Writes lines as they come. The file is the owner's alone: it holds what people did. @throws OperatorError */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<number> {
  let count = 0;
  const descriptor = attempt(file, () => openSync(file, 'wx', 0o600));
  try {
    for await (const line of lines) {
      attempt(file, () => writeSync(descriptor, `${line}\n`));
      count++;
    }
  } finally {
    closeSync(descriptor);
  }
  return count;
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new OperatorError('file_exists', `${file} exists already; give another name.`);
    throw new OperatorError('file_unwritable', `${file} can not be written: ${code}.`);
  }
}

/** Every line, checked before anything is done with one. @throws OperatorError that names the line */
export async function readLines(file: string): Promise<ReplayLine[]> {
  const lines: ReplayLine[] = [];
  let number = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      number++;
      if (text.trim()) lines.push(parseLine(text, `${file}, line ${number}`));
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      'file_unreadable',
      `${file} can not be read: ${(error as NodeJS.ErrnoException).code}.`,
    );
  }
  return lines;
}

function parseLine(text: string, where: string): ReplayLine {
  let line: Partial<ReplayLine> | null;
  try {
    line = JSON.parse(text) as Partial<ReplayLine> | null;
  } catch {
    throw new OperatorError('file_line', `${where}: no JSON.`);
  }
  const { source_id, payload, payload_encoding } = line ?? {};
  if (typeof source_id !== 'string' || payload === undefined)
    throw new OperatorError(
      'file_line',
      `${where}: a line has source_id and payload, as "replay export" writes them.`,
    );
  return { source_id, payload, payload_encoding };
}
