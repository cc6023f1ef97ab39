import { setTimeout as delay } from 'node:timers/promises';
import type { ReportFailure } from '../../contracts/failure-log.ts';
import {
  ExpiredError,
  type ReadRecord,
  type StreamSource,
  ThrottledError,
  TrimmedError,
} from '../../stream/stream-source.ts';

export interface ReadShardOptions {
  source: StreamSource;
  shard: string;
  /** sequence number behind which to start; null: the oldest record */
  from: string | null;
  /** takes the records of a page, in order */
  deliver(records: ReadRecord[]): void;
  /** false while enough is buffered or the topology is deactivated */
  mayRead(): boolean;
  /** shortest time between two GetRecords; Kinesis allows five a second and shard */
  pollMs: number;
  /** Kinesis gives two megabytes a second and shard; default: without bound */
  bytesPerSecond?: number;
  /** the pause after an error, which doubles while errors go on; default a second */
  errorPauseMs?: number;
  signal: AbortSignal;
  log(message: string): void;
  report: ReportFailure;
}

const BACKPRESSURE_MS = 20;
const ERROR_PAUSE_MS = 1_000;
/** Pauses double up to this many times the first. */
const LONGEST_PAUSE = 8;
/** An idle shard is asked ever less often, up to this. */
const IDLE_POLL_MS = 250;

/** Reads a shard to its end ('end') or until the signal aborts ('stopped'); errors are reported and tried again. */
export async function readShard(options: ReadShardOptions): Promise<'end' | 'stopped'> {
  const { source, shard, signal, pollMs, bytesPerSecond = Number.POSITIVE_INFINITY } = options;
  let position = options.from;
  let iterator: string | undefined;
  let pause = pollMs;
  let failures = 0;

  /** What to do about an error, and how long to wait: never less than between two reads, as a failed one counts. */
  function recover(error: unknown): number {
    if (!(error instanceof ThrottledError)) iterator = undefined;
    if (error instanceof ExpiredError) return pollMs;
    if (error instanceof TrimmedError) {
      options.log(
        `${shard}: position ${position} is no longer in the stream; reading from its oldest record`,
      );
      position = null;
      return pollMs;
    }
    options.report('shard_not_read', error, () => ({ shardIds: [shard] }));
    const factor = Math.min(2 ** failures++, LONGEST_PAUSE);
    // spread, so that the readers that were throttled together do not come back together
    return Math.max(pollMs, (options.errorPauseMs ?? ERROR_PAUSE_MS) * factor * (0.75 + Math.random() / 2));
  }

  while (!signal.aborted) {
    try {
      if (!options.mayRead()) {
        await delay(BACKPRESSURE_MS, undefined, { signal });
        continue;
      }
      iterator ??= await source.iterator(shard, position);
      const page = await source.records(iterator);
      if (signal.aborted) break;
      failures = 0;
      const last = page.records.at(-1);
      if (last) {
        position = last.sequence;
        options.deliver(page.records);
      }
      if (page.next === null) return 'end';
      iterator = page.next;
      pause = last ? pollMs : Math.max(pollMs, Math.min(pause * 2, IDLE_POLL_MS));
      const bytes = page.records.reduce((sum, { data }) => sum + data.length, 0);
      await delay(Math.max(pause, (bytes / bytesPerSecond) * 1_000), undefined, { signal });
    } catch (error) {
      if (signal.aborted) break;
      await delay(recover(error), undefined, { signal }).catch(() => {});
    }
  }
  return 'stopped';
}
