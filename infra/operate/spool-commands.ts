import { randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { createStreamWriter, type PutRecords } from '../../stream/index.ts';
import {
  bootDir,
  decodeFrame,
  intactFrames,
  isAlive,
  listBoots,
  listOrphans,
  listSegments,
  openSpool,
  readIfThere,
  readOwner,
  readSpool,
} from '../../stream/spool/index.ts';
import { waitUntil } from '../local/wait-until.ts';
import { OperatorError } from './errors.ts';
import { spoolDirs } from './target.ts';

/** What the segments of one process hold; a segment goes as a whole, so Kinesis may have some of it already. */
export interface ListedBoot {
  boot: string;
  owner: 'alive' | 'dead';
  pid: number | null;
  records: number;
  events: number;
  bytes: number;
  /** RFC 3339, receipt of the oldest event */
  oldest: string | null;
  /** bytes behind the last intact record of a segment; of a living owner: what it is writing */
  torn: number;
}

/** `--spool`, else PISTATS_SPOOL_DIR, else that of the local stack that runs. @throws OperatorError no_target */
export function spoolDir(option: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const [dir] = spoolDirs(option ? [option] : [], undefined, environment);
  if (dir) return dir;
  throw new OperatorError(
    'no_target',
    'no spool: give --spool, set PISTATS_SPOOL_DIR, or start the local stack.',
  );
}

/** The boots that have a folder; none where there is no spool yet. @throws StopError when it can not be read */
export function listSpool(dir: string): Promise<ListedBoot[]> {
  return reach(dir, async () => {
    const listed: ListedBoot[] = [];
    for (const boot of await listBoots(dir)) listed.push(await inspect(dir, boot));
    return listed;
  });
}

async function inspect(dir: string, boot: string): Promise<ListedBoot> {
  const owner = await readOwner(bootDir(dir, boot));
  const listed: ListedBoot = {
    ...{ boot, owner: owner && isAlive(owner) ? 'alive' : 'dead', pid: owner?.pid || null },
    ...{ records: 0, events: 0, bytes: 0, oldest: null, torn: 0 },
  };
  for (const segment of await listSegments(dir, boot)) {
    const bytes = (await readIfThere(join(bootDir(dir, boot), segment))) ?? Buffer.alloc(0);
    let intact = 0;
    for (const { frame, offset } of intactFrames(bytes)) {
      const events = JSON.parse(decodeFrame(frame).data.toString()) as StampedEvent[];
      listed.records++;
      listed.events += events.length;
      for (const { receivedtime } of events)
        if (listed.oldest === null || receivedtime < listed.oldest) listed.oldest = receivedtime;
      intact = offset + frame.length;
    }
    listed.bytes += bytes.length;
    listed.torn += bytes.length - intact;
  }
  return listed;
}

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
