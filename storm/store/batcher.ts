import { setTimeout as delay } from 'node:timers/promises';
import type { ReportFailure } from '../../contracts/failure-log.ts';
import type { EnrichedBatch } from '../enrich/enriched-batch.ts';
import type { EventStore } from './event-store.ts';

export interface BatcherOptions {
  store: EventStore;
  ack(id: string): void;
  fail(id: string): void;
  report: ReportFailure;
  /** rows at which a batch leaves at once */
  maxBatchRows: number;
  /** how long a smaller one waits for more */
  lingerMs: number;
  /** statements under way at a time */
  maxInFlight: number;
  /** rows waiting; a tuple past it is failed and comes again */
  maxBufferedRows: number;
  /** before the tuples of a failed batch are failed: the database gets air */
  failPauseMs: number;
}

export interface Batcher {
  add(id: string, batch: EnrichedBatch): void;
}

interface Waiting {
  id: string;
  batch: EnrichedBatch;
}

/** Gathers tuples into statements; a tuple is acked after the commit of the statement it went into. */
export function createBatcher(options: BatcherOptions): Batcher {
  const waiting: Waiting[] = [];
  let rows = 0;
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0 || inFlight >= options.maxInFlight) return;
    const tuples = take();
    inFlight++;
    void write(tuples).finally(() => {
      inFlight--;
      schedule();
    });
  }

  /** Whole tuples up to the size of a batch, at least one. */
  function take(): Waiting[] {
    let count = 0;
    let taken = 0;
    for (const { batch } of waiting) {
      if (count > 0 && taken + size(batch) > options.maxBatchRows) break;
      taken += size(batch);
      count++;
    }
    rows -= taken;
    return waiting.splice(0, count);
  }

  function schedule(): void {
    if (rows >= options.maxBatchRows) flush();
    else if (waiting.length > 0) timer ??= setTimeout(flush, options.lingerMs);
  }

  async function write(tuples: Waiting[]): Promise<void> {
    const whole: EnrichedBatch = {
      events: tuples.flatMap(({ batch }) => batch.events),
      rejected: tuples.flatMap(({ batch }) => batch.rejected),
    };
    try {
      await options.store.store(whole);
      for (const { id } of tuples) options.ack(id);
    } catch (error) {
      // they come again
      options.report('rows_not_stored', error, () => ({
        count: size(whole),
        requestIds: whole.events.flatMap(({ request_id }) => request_id ?? []),
      }));
      await delay(options.failPauseMs);
      for (const { id } of tuples) options.fail(id);
    }
  }

  return {
    add(id, batch) {
      if (rows > 0 && rows + size(batch) > options.maxBufferedRows) {
        options.fail(id);
        return;
      }
      waiting.push({ id, batch });
      rows += size(batch);
      schedule();
    },
  };
}

function size({ events, rejected }: EnrichedBatch): number {
  return events.length + rejected.length;
}
