import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { enrichRecord } from '../../../storm/enrich/enrich-record.ts';
import type { EnrichedBatch } from '../../../storm/enrich/enriched-batch.ts';
import { checkpointTable } from '../../../storm/spout/checkpoint-table.ts';
import { decodeBatch } from '../../../storm/spout/record-batch.ts';
import { createStreamReader, type StreamReader } from '../../../storm/spout/stream-reader.ts';
import { createBatcher } from '../../../storm/store/batcher.ts';
import { createEventStore } from '../../../storm/store/event-store.ts';
import type { StreamSource } from '../../../stream/stream-source.ts';

/** As topology.yaml's topology.max.spout.pending. */
const MAX_PENDING = 20;

export interface InProcessTopology {
  readers: StreamReader[];
  /** tuples under way, the highest that was seen */
  readonly highestPending: number;
  stop(): Promise<void>;
}

/** The components of the topology joined without Storm: what Storm adds is tested with Storm. */
export function startInProcess(options: {
  source: StreamSource;
  pool: pg.Pool;
  tasks?: number;
  pollMs?: number;
  maxBufferedEvents?: number;
  failPauseMs?: number;
}): InProcessTopology {
  const { source, pool, tasks = 1 } = options;
  let stopped = false;
  let highestPending = 0;
  const readers = Array.from({ length: tasks }, (_, task) =>
    createStreamReader({
      source,
      checkpoints: checkpointTable(pool),
      task,
      tasks,
      pollMs: options.pollMs ?? 5,
      maxUnitEvents: 50,
      maxUnitBytes: 512 * 1024,
      maxBufferedEvents: options.maxBufferedEvents ?? 20_000,
      maxBufferedBytes: 32 * 1024 * 1024,
      log: () => {},
      report: () => {},
    }),
  );
  const every = async (ms: number, work: () => Promise<void>) => {
    while (!stopped) {
      await work().catch(() => {});
      await delay(ms);
    }
  };
  const loops = readers.flatMap((reader) => {
    let pending = 0;
    const settle = (end: (id: string) => void) => (id: string) => {
      pending--;
      if (!stopped) end(id);
    };
    const batcher = createBatcher({
      store: createEventStore(pool),
      ack: settle(reader.ack),
      fail: settle((id) => reader.fail(id)),
      report: () => {},
      maxBatchRows: 500,
      lingerMs: 5,
      maxInFlight: 2,
      maxBufferedRows: 40_000,
      failPauseMs: options.failPauseMs ?? 20,
    });
    const pump = async () => {
      while (!stopped) {
        const unit = pending < MAX_PENDING ? reader.next() : undefined;
        if (!unit) {
          await delay(2);
          continue;
        }
        pending++;
        highestPending = Math.max(highestPending, pending);
        batcher.add(unit.id, decodeAndEnrich(unit.payload));
      }
    };
    return [pump(), every(50, () => reader.discover()), every(20, () => reader.checkpoint())];
  });
  return {
    readers,
    get highestPending() {
      return highestPending;
    },
    async stop() {
      stopped = true;
      for (const reader of readers) reader.stop();
      await Promise.all(loops);
    },
  };
}

function decodeAndEnrich(payload: string): EnrichedBatch {
  const batch: EnrichedBatch = { events: [], rejected: [] };
  for (const record of decodeBatch(payload)) {
    const { events, rejected } = enrichRecord(record, () => null);
    batch.events.push(...events);
    batch.rejected.push(...rejected);
  }
  return batch;
}
