import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readRecord } from './process-list.ts';
import { endRemains, type Started } from './remains.ts';

/**
 * Stands beside a process that starts others, and holds the other end of a pipe: whatever ends that process, kill -9
 * included, the pipe ends with it, and all that it started is ended here. Lines on stdin are the process list's records.
 */
const started: Started[] = [];
const folders: string[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const record = readRecord(line);
  if (record && 'folder' in record) folders.push(record.folder);
  else if (record) started.push(record);
}
await endRemains({ started, mark: process.argv[2] });
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
