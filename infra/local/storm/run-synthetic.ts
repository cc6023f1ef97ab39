import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { SYNTHETIC_SPOUT } from './paths.ts';
import { type RunningTopology, startTopology } from './run-topology.ts';
import { writeTopologyVariant } from './topology-variant.ts';

export interface SyntheticRun {
  /** holds the variant of topology.yaml and Storm's scratch files */
  dataDir: string;
  logFile: string;
  /** the analytics database, migrated */
  analyticsUrl: string;
  /** how many events in all; default: without end */
  total?: number;
  /** how many events a request carries, 1 to 500; default 5 */
  eventsPerRecord?: number;
}

export interface SyntheticTopology extends RunningTopology {
  /** `events.producer` of every event of this run; `n` runs from 1 to `total` */
  readonly producer: string;
}

/**
 * Runs topology.yaml in a LocalCluster with a spout that makes its records itself, to measure events/s with every
 * enrichment and without Kinesis. Needs the build, as `startTopology` does. A measurement lets it come up first:
 *
 *     const run = startSyntheticTopology({ dataDir, logFile, analyticsUrl });
 *     const stored = () => count('select count(*) from events where producer = $1', [run.producer]);
 *     await waitUntil('the JIT to be warm', async () => (await stored()) > 20_000, { timeoutMs: 60_000 });
 *     // two looks at stored(), some seconds apart
 *     await run.stop();
 *
 * A JVM that ends is started again by `startTopology`, and counts from 1 again under another `boot`: a run with
 * `restarts` above 0 is no measurement.
 */
export function startSyntheticTopology(run: SyntheticRun): SyntheticTopology {
  const producer = `synthetic-${randomUUID()}`;
  const options = {
    producer,
    eventsPerRecord: run.eventsPerRecord ?? 5,
    total: run.total ?? Number.MAX_SAFE_INTEGER,
  };
  const topologyFile = writeTopologyVariant(join(run.dataDir, 'synthetic.yaml'), {
    spoutCommand: ['node', SYNTHETIC_SPOUT],
  });
  const topology = startTopology({
    dataDir: run.dataDir,
    logFile: run.logFile,
    topologyFile,
    env: { ANALYTICS_URL: run.analyticsUrl, PISTATS_SYNTHETIC: JSON.stringify(options) },
  });
  return Object.defineProperty(topology, 'producer', { value: producer }) as SyntheticTopology;
}
