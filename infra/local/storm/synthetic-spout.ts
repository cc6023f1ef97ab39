import { randomUUID } from 'node:crypto';
import { analyticsPool } from '../../../storm/database.ts';
import { startHeartbeat } from '../../../storm/heartbeat.ts';
import type { Handshake } from '../../../storm/multilang/channel.ts';
import { runSpout, type SpoutOutput } from '../../../storm/multilang/spout.ts';
import { createSyntheticRecords, type SyntheticOptions } from './synthetic-records.ts';

/**
 * Stands in for the Kinesis spout where the rest of the topology is measured: it makes its records itself, as fast
 * as they are taken. Started by start.ts; no part of the topology jar.
 */
function open({ context }: Handshake, output: SpoutOutput) {
  const options = JSON.parse(process.env.PISTATS_SYNTHETIC ?? '{}') as Omit<SyntheticOptions, 'boot'>;
  const nextPayload = createSyntheticRecords({ ...options, boot: randomUUID() });
  const inFlight = new Map<string, string>();
  const failed: string[] = [];
  let count = 0;
  startHeartbeat(
    analyticsPool(1, (error) => output.log(error.message, 'warn')),
    'spout',
    context.taskid,
  );
  return {
    nextTuple() {
      const payload = failed.shift() ?? nextPayload();
      if (payload === undefined) return;
      const id = String(count++);
      inFlight.set(id, payload);
      output.emit([payload], id);
    },
    ack: (id: string) => void inFlight.delete(id),
    fail(id: string) {
      const payload = inFlight.get(id);
      if (inFlight.delete(id)) failed.push(payload as string);
    },
    activate() {},
    deactivate() {},
  };
}

runSpout(open);
