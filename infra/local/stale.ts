import { rmSync } from 'node:fs';
import { closeProcessList, type ListedProcess, readProcessList } from './process-list.ts';
import { startOf } from './processes.ts';
import { endRemains } from './remains.ts';

/** Every process of a stack carries its data folder in this variable, also those that parts start themselves. */
export const STACK_VARIABLE = 'PISTATS_STACK';

type StartedRecord = Extract<ListedProcess, { pid: number }>;
const isStarted = (record: ListedProcess): record is StartedRecord => 'pid' in record;

/** The process that runs a stack over the folder, by its process list. */
export function runningStack(dataDir: string): number | undefined {
  const stack = readProcessList(dataDir)
    .filter(isStarted)
    .find(({ name }) => name === 'stack');
  return stack && startOf(stack.pid) === stack.start ? stack.pid : undefined;
}

/**
 * Ends what an earlier stack over the same data folder left behind when it was killed, its guardian with it, and waits
 * until that is gone; its folders and its process list go, too. Gives how many processes that were.
 */
export async function endStaleProcesses(dataDir: string): Promise<number> {
  const records = readProcessList(dataDir);
  const started = records.filter(isStarted).filter(({ name }) => name !== 'stack');
  const ended = await endRemains({ started, mark: `${STACK_VARIABLE}=${dataDir}` });
  for (const record of records)
    if ('folder' in record) rmSync(record.folder, { recursive: true, force: true });
  closeProcessList(dataDir);
  return ended;
}
