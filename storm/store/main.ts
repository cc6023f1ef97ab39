import { createFailureLog } from '../../contracts/failure-log.ts';
import { analyticsPool } from '../database.ts';
import { decodeEnriched } from '../enrich/enriched-batch.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { type BoltOutput, runBolt } from '../multilang/bolt.ts';
import type { Handshake } from '../multilang/channel.ts';
import { createBatcher } from './batcher.ts';
import { createEventStore } from './event-store.ts';

const MAX_IN_FLIGHT = 2;

function prepare({ context }: Handshake, output: BoltOutput) {
  const report = createFailureLog({ service: 'store-bolt', write: (line) => output.log(line, 'warn') });
  const pool = analyticsPool(MAX_IN_FLIGHT + 1, (error) => report('analytics_connection_lost', error));
  const batcher = createBatcher({
    store: createEventStore(pool),
    ack: output.ack,
    fail: output.fail,
    report,
    maxBatchRows: 2_000,
    lingerMs: 50,
    maxInFlight: MAX_IN_FLIGHT,
    maxBufferedRows: 40_000,
    failPauseMs: 1_000,
  });
  startHeartbeat(pool, 'store', context.taskid);
  return {
    process({ id, tuple }: { id: string; tuple: unknown[] }) {
      batcher.add(id, decodeEnriched(tuple[0] as string));
    },
  };
}

runBolt(prepare);
