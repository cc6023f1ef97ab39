import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createFailureLog } from '../../contracts/failure-log.ts';
import type { Bounds } from '../../stream/admission.ts';
import { createPutRecords } from '../../stream/put-records.ts';
import { withoutSpool } from '../../stream/spool/no-spool.ts';
import { openSpool, type Spool } from '../../stream/spool/spool.ts';
import { createStamper } from '../../stream/stamp.ts';
import { createStreamWriter, type StreamWriter } from '../../stream/stream-writer.ts';
import { readSpoolSettings } from './spool-settings.ts';

const producer = process.env.PISTATS_NODE || hostname();
const boot = randomUUID();
export const stamper = createStamper(producer, boot);
const writers = new Map<string, StreamWriter>();
let bounds: Bounds | undefined;
let spool: Spool | undefined;

const write = (line: string) => void process.stderr.write(`${line}\n`);
const report = createFailureLog({ service: 'kinesis-forward', write });
/** A sentence of the spool, once each: files and counts, nothing of their contents. */
const say = (message: string) =>
  write(
    JSON.stringify({
      level: 'WARN',
      message,
      timestamp: new Date().toISOString(),
      service: 'kinesis-forward',
    }),
  );
const putRecords = createPutRecords((stream, codes) =>
  report('records_refused', { code: codes[0] }, () => ({ stream, count: codes.length })),
);

/** One writer a stream, whichever routes share it; the first one opens the spool. */
export function writerOf(stream: string): StreamWriter {
  const known = writers.get(stream);
  if (known) return known;
  const writer = createStreamWriter({ stream, putRecords, spool: openForwarder(), bounds, report });
  writers.set(stream, writer);
  return writer;
}

/** Opens the spool, and sends again what earlier processes left in it. @throws Error when a variable is wrong */
export function openForwarder(): Spool {
  if (spool) return spool;
  const settings = readSpoolSettings();
  const { dir } = settings;
  bounds = settings.bounds;
  if (dir === undefined) {
    say('PISTATS_SPOOL_DIR is not set: while Kinesis is away, requests are answered 503');
    spool = withoutSpool();
  } else {
    spool = openSpool({ dir, boot, producer, say, found: (stream) => writerOf(stream).drain() });
    void spool.adoptOrphans();
  }
  return spool;
}

/** Part of the grace is kept for the last fsync. */
const FSYNC_PART = 0.4;

export async function closeForwarder(graceMs: number): Promise<void> {
  await Promise.all([...writers.values()].map((writer) => writer.close(graceMs * (1 - FSYNC_PART))));
  await spool?.close();
}
