import { setTimeout as delay } from 'node:timers/promises';
import { type StreamRecord, type StreamSource, TrimmedError } from './ports.ts';

export interface ReadShardOptions {
  source: StreamSource;
  shard: string;
  /** sequence number behind which to start; null: the oldest record */
  from: string | null;
  /** takes the records of a page, in order */
  deliver(records: StreamRecord[]): void;
  /** false while enough is buffered or the topology is deactivated */
  mayRead(): boolean;
  /** shortest time between two GetRecords; Kinesis allows five a second and shard */
  pollMs: number;
  signal: AbortSignal;
  log(message: string): void;
}

const BACKPRESSURE_MS = 20;
const ERROR_PAUSE_MS = 1_000;
/** An idle shard is asked ever less often, up to this. */
const IDLE_POLL_MS = 250;

/** Reads a shard to its end ('end') or until the signal aborts ('stopped'); errors are logged and tried again. */
export async function readShard(options: ReadShardOptions): Promise<'end' | 'stopped'> {
  const { source, shard, signal, pollMs } = options;
  let position = options.from;
  let iterator: string | undefined;
  let pause = pollMs;
  while (!signal.aborted) {
    try {
      if (!options.mayRead()) {
        await delay(BACKPRESSURE_MS, undefined, { signal });
        continue;
      }
      iterator ??= await source.iterator(shard, position);
      const page = await source.records(iterator);
      if (signal.aborted) break;
      const last = page.records.at(-1);
      if (last) {
        position = last.sequence;
        options.deliver(page.records);
      }
      if (page.next === null) return 'end';
      iterator = page.next;
      pause = last ? pollMs : Math.max(pollMs, Math.min(pause * 2, IDLE_POLL_MS));
      await delay(pause, undefined, { signal });
    } catch (error) {
      if (signal.aborted) break;
      iterator = undefined; // it may have expired
      if (error instanceof TrimmedError) {
        options.log(
          `${shard}: position ${position} is no longer in the stream; reading from its oldest record`,
        );
        position = null;
        continue;
      }
      options.log(`${shard}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
      await delay(ERROR_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
  return 'stopped';
}
