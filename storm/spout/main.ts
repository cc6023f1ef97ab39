import { setTimeout as delay } from 'node:timers/promises';
import { createFailureLog, type ReportFailure } from '../../contracts/failure-log.ts';
import { kinesisSource } from '../../stream/kinesis-source.ts';
import { analyticsPool, missing } from '../database.ts';
import { startHeartbeat } from '../heartbeat.ts';
import type { Handshake } from '../multilang/channel.ts';
import { runSpout, type SpoutOutput } from '../multilang/spout.ts';
import { checkpointTable } from './checkpoint-table.ts';
import { keepDiscovering } from './keep-discovering.ts';
import { readLimits } from './read-limits.ts';
import { createStreamReader, type StreamReader } from './stream-reader.ts';

const CHECKPOINT_MS = 1_000;

/** This task's place among the tasks of its component. */
function place({ context }: Handshake): { task: number; tasks: number } {
  const peers = Object.entries(context['task->component'])
    .filter(([, component]) => component === context.componentid)
    .map(([task]) => Number(task))
    .sort((a, b) => a - b);
  return { task: peers.indexOf(context.taskid), tasks: peers.length };
}

async function open(handshake: Handshake, output: SpoutOutput) {
  const stream = process.env.PISTATS_STREAM;
  if (!stream) throw missing('PISTATS_STREAM');
  const report = createFailureLog({
    service: 'kinesis-spout',
    write: (line) => output.log(line, 'warn'),
  });
  const pool = analyticsPool(2, (error) => report('analytics_connection_lost', error));
  const reader = createStreamReader({
    source: kinesisSource(stream),
    checkpoints: checkpointTable(pool),
    ...place(handshake),
    ...readLimits(process.env),
    maxUnitEvents: 500,
    maxUnitBytes: 512 * 1024,
    maxBufferedEvents: 20_000,
    maxBufferedBytes: 32 * 1024 * 1024,
    log: (message) => output.log(message),
    report,
  });
  void keepDiscovering(reader, {
    onFirst: () => startHeartbeat(pool, 'spout', handshake.context.taskid),
    onError: (error) => report('shards_not_listed', error, () => ({ stream })),
    pause: delay,
  });
  void keepCheckpointing(reader, report);
  return {
    nextTuple() {
      const unit = reader.next();
      if (unit) output.emit([unit.payload], unit.id);
    },
    ack: reader.ack,
    fail: (id: string) => reader.fail(id),
    activate: () => reader.setActive(true),
    deactivate: () => reader.setActive(false),
  };
}

async function keepCheckpointing(reader: StreamReader, report: ReportFailure): Promise<never> {
  for (;;) {
    await delay(CHECKPOINT_MS);
    await reader.checkpoint().catch((error: Error) => report('checkpoint_not_saved', error));
  }
}

runSpout(open);
