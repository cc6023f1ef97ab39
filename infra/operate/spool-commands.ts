import { randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { createStreamWriter, type PutRecords } from '../../stream/index.ts';
import {
  type ListedBoot,
  listOrphans,
  openSpool,
  listSpool as readListing,
  readSpool,
} from '../../stream/spool/index.ts';
import { waitUntil } from '../local/wait-until.ts';
import { OperatorError } from './errors.ts';
import { spoolDirs } from './target.ts';

/** `--spool`, else PISTATS_SPOOL_DIR, else that of the local stack that runs. @throws OperatorError no_target */
export function spoolDir(option: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const [dir] = spoolDirs(option ? [option] : [], undefined, environment);
  if (dir) return dir;
  throw new OperatorError(
    'no_target',
    'no spool: give --spool, set PISTATS_SPOOL_DIR, or start the local stack.',
  );
}

/** @throws OperatorError where it can not be read */
export const listSpool = (dir: string): Promise<ListedBoot[]> => reach(dir, () => readListing(dir));

/** Nothing was taken for so long: it is given up. */
const PATIENCE_MS = 15_000;

/**
 * Sends what dead processes left, under its own stamps, and gives what remains of it. The folder of a living process is
 * not touched: that sends its records itself.
 */
export async function drainSpool(
  dir: string,
  {
    putRecords,
    say,
    patienceMs = PATIENCE_MS,
  }: { putRecords: PutRecords; say(line: string): void; patienceMs?: number },
): Promise<{ sent: number; left: number }> {
  await reach(dir, () => stat(dir));
  const orphans = await reach(dir, () => listOrphans(dir));
  let sent = 0;
  let progressAt = Date.now();
  const counting: PutRecords = async (...call) => {
    const taken = await putRecords(...call);
    const count = taken.filter(Boolean).length;
    sent += count;
    if (count > 0) progressAt = Date.now();
    return taken;
  };
  const spool = openSpool({
    ...{ dir, boot: `drain-${randomUUID()}`, producer: '', say },
    found: (stream) => createStreamWriter({ stream, putRecords: counting, spool }).drain(),
  });
  await spool.adoptOrphans();
  await waitUntil(
    'it is drained or given up',
    () => spool.oldestAt === undefined || Date.now() - progressAt > patienceMs,
    { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 20 },
  );
  await spool.close();
  const left = (await listSpool(dir)).filter(({ boot }) => orphans.includes(boot));
  return { sent, left: left.reduce((sum, { records }) => sum + records, 0) };
}

/** Writes every record as a line of JSON, for its owner only; changes nothing in the spool. */
export async function exportSpool(dir: string, out: string): Promise<number> {
  await reach(dir, () => stat(dir));
  const file = await open(out, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new OperatorError('file_exists', `${out} exists; give another file.`);
    throw new OperatorError('file_unwritable', `${out} can not be written: ${error.code}.`);
  });
  let records = 0;
  try {
    for await (const record of readSpool(dir)) {
      await file.appendFile(`${JSON.stringify(record)}\n`);
      records++;
    }
  } catch (error) {
    throw new OperatorError(
      'spool_unreadable',
      `the export failed: ${(error as NodeJS.ErrnoException).code ?? 'no reason given'}.`,
    );
  } finally {
    await file.close();
  }
  return records;
}

async function reach<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new OperatorError('spool_missing', `there is no folder ${dir}.`);
    throw new OperatorError('spool_unreadable', `the spool ${dir} can not be read: ${code ?? message}.`);
  }
}
