import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startSyntheticTopology } from '../../infra/local/storm/run-synthetic.ts';
import { waitUntil } from '../../infra/local/wait-until.ts';
import type { BenchStack } from './bench-stack.ts';
import { cpuSeconds, cpuSince, formatCpu } from './cpu.ts';
import { barRow, type Row } from './rows.ts';

/** Until the JIT has seen most of it. */
const WARM_UP_EVENTS = 60_000;
const CELLS = 4;

/** As fast as the bolts take them, with every enrichment: the topology alone, without Kinesis before it. */
export async function benchSynthetic(
  { info, dataDir }: BenchStack,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  say('storm: starting the topology with a synthetic spout');
  const analytics = new pg.Pool({ connectionString: info.analyticsUrl, max: 1 });
  const run = startSyntheticTopology({
    dataDir: `${dataDir}/synthetic`,
    logFile: `${info.logDir}/storm-synthetic.log`,
    analyticsUrl: info.analyticsUrl,
  });
  const query = 'select count(*)::int as n from events where producer = $1';
  const stored = async () => (await analytics.query<{ n: number }>(query, [run.producer])).rows[0]?.n ?? 0;
  try {
    await waitUntil('a warm topology', async () => (await stored()) >= WARM_UP_EVENTS, {
      timeoutMs: 120_000,
      everyMs: 500,
    });
    say(`storm: ${seconds * CELLS} s of the synthetic spout`);
    const pids = { ...info.pids, storm: run.pid };
    const [cpu, before, startedAt] = [cpuSeconds(pids), await stored(), performance.now()];
    await delay(seconds * CELLS * 1_000);
    const after = await stored();
    const took = (performance.now() - startedAt) / 1_000;
    const count = after - before;
    if (run.restarts > 0) throw new Error('the topology was started again meanwhile: no measurement');
    return [
      barRow(
        'events/s into the analytics database, synthetic spout',
        count / took,
        '/s',
        { atLeast: 15_000 },
        `${count} events in ${took.toFixed(1)} s, 5 a record; CPU s per 1,000 ${formatCpu(cpuSince(cpu, cpuSeconds(pids)), count)}`,
      ),
    ];
  } finally {
    await run.stop();
    await analytics.end();
  }
}
