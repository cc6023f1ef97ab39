import type { RunInfo } from '../../infra/local/run-info.ts';
import { type BenchStack, registrationPlan } from './bench-stack.ts';
import { functionStats, metric } from './counters.ts';
import { type CpuSeconds, cpuSeconds, cpuSince, formatCpu } from './cpu.ts';
import { formatLatency } from './latency.ts';
import { formatCodes, type Load, type LoadProcess, startLoadProcess, summarise } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';

/** Registrations per second of the client that behaves; the other sends FACTOR times that. */
const QUIET_RATE = 15;
const FACTOR = 20;
const SATURATING = 512;
const ROUNDS = 3;
/** Of a measured cell: a p99 of a few hundred answers is the luck of two or three. */
const PACED_CELLS = 8;
const FLOOD_CELLS = 2;
const WARM_UP_CELLS = 4;

/** What a client at 20 times its load costs another one: alone and beside it, in turn. */
export async function benchFairness(
  { info }: BenchStack,
  load: LoadProcess,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const noisy = startLoadProcess();
  let run = 0;
  const plan = (client: string, cells: number, rest: { rate?: number; connections: number }) =>
    registrationPlan(info, {
      ...rest,
      seconds: seconds * cells,
      clients: [client],
      registrations: { prefix: `fair-${process.pid}-${++run}` },
    });
  const quietRun = (cells: number) => load.run(plan('second', cells, { rate: QUIET_RATE, connections: 64 }));
  const beside = async (
    cells: number,
    rest: { rate?: number; connections: number },
    runs: Beside[],
  ): Promise<void> => {
    const [cpu, { invocations }, before] = [
      cpuSeconds(info.pids),
      await functionStats(info),
      await callSeconds(info),
    ];
    const [quiet, loud] = await Promise.all([quietRun(cells), noisy.run(plan('first', cells, rest))]);
    runs.push({
      quiet,
      loud,
      cpu: cpuSince(cpu, cpuSeconds(info.pids)),
      calls: (await callSeconds(info)).map((after, index) => after - (before[index] ?? 0)),
      invocations: (await functionStats(info)).invocations - invocations,
    });
  };
  const alone: Load[] = [];
  const paced: Beside[] = [];
  const flooded: Beside[] = [];
  try {
    say('fairness: warming up');
    // environments that start, and code that V8 has yet to optimise, would be the loud client's doing
    await beside(WARM_UP_CELLS, { connections: SATURATING }, []);
    await beside(WARM_UP_CELLS, { rate: QUIET_RATE * FACTOR, connections: SATURATING }, []);
    for (let round = 1; round <= ROUNDS; round++) {
      say(`fairness: round ${round} of ${ROUNDS}`);
      alone.push(await quietRun(PACED_CELLS));
      await beside(PACED_CELLS, { rate: QUIET_RATE * FACTOR, connections: SATURATING }, paced);
      await beside(FLOOD_CELLS, { connections: SATURATING }, flooded);
    }
  } finally {
    await noisy.stop();
  }
  const lonely = summarise(alone);
  const [even, flood] = [together(paced), together(flooded)];
  const cost = ({ quiet }: Beside) => (quiet.latency.p99 / lonely.latency.p99 - 1) * 100;
  const describe = ({ quiet, loud, cpu, invocations, calls }: Beside) => {
    const [invoking = 0, invoked = 0, putting = 0, put = 0] = calls;
    const requests = quiet.answered + loud.answered;
    return [
      `p50/p99/p99.9 alone ${formatLatency(lonely.latency)}, beside it ${formatLatency(quiet.latency)} ms`,
      `the loud one ${formatLatency(loud.latency)} ms at ${loud.perSecond.toFixed(0)}/s`,
      `${quiet.answered} answers`,
      `${(requests / invocations).toFixed(1)} requests an invocation`,
      `mean in the plugin server: invocation ${((invoking * 1_000) / invoked).toFixed(1)} ms, PutRecords ${((putting * 1_000) / put).toFixed(1)} ms`,
      `CPU s per 1,000 ${formatCpu(cpu, requests)}`,
    ].join('; ');
  };
  const { codes } = summarise([lonely, even.quiet, flood.quiet]);
  return [
    barRow(
      `a client at ${FACTOR} × load: another one's p99`,
      cost(even),
      '%',
      { atMost: 20 },
      describe(even),
    ),
    barRow(
      `503s of a client beside one at ${FACTOR} × load`,
      codes[503] ?? 0,
      '',
      { atMost: 0 },
      formatCodes(codes),
    ),
    figureRow("a client that floods the gateway: another one's p99", cost(flood), '%', describe(flood)),
  ];
}

/** A run of the quiet client beside the loud one. */
interface Beside {
  quiet: Load;
  loud: Load;
  cpu: CpuSeconds;
  invocations: number;
  /** seconds in invocations, how many, seconds in PutRecords, how many */
  calls: number[];
}

const CALLS = ['pistats_invocation_seconds', 'pistats_kinesis_call_seconds'];

const callSeconds = (info: RunInfo): Promise<number[]> =>
  Promise.all(CALLS.flatMap((name) => [metric(info, `${name}_sum`), metric(info, `${name}_count`)]));

function together(runs: Beside[]): Beside {
  const cpu: CpuSeconds = {};
  for (const run of runs)
    for (const [name, seconds] of Object.entries(run.cpu)) cpu[name] = (cpu[name] ?? 0) + seconds;
  return {
    quiet: summarise(runs.map(({ quiet }) => quiet)),
    loud: summarise(runs.map(({ loud }) => loud)),
    cpu,
    calls: runs.reduce((sums, { calls }) => calls.map((value, i) => value + (sums[i] ?? 0)), [] as number[]),
    invocations: runs.reduce((sum, { invocations }) => sum + invocations, 0),
  };
}
