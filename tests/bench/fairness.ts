import { type BenchStack, registrationPlan } from './bench-stack.ts';
import { formatLatency } from './latency.ts';
import { formatCodes, type Load, type LoadProcess, startLoadProcess, summarise } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';

/** Registrations per second of the client that behaves; the other sends FACTOR times that. */
const QUIET_RATE = 15;
const FACTOR = 20;
const SATURATING = 512;
const ROUNDS = 3;

/** What a client at 20 times its load costs another one: alone and beside it, in turn. */
export async function benchFairness(
  { info }: BenchStack,
  load: LoadProcess,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const noisy = startLoadProcess();
  let run = 0;
  const plan = (client: string, rest: { rate?: number; connections: number }) =>
    registrationPlan(info, {
      ...rest,
      seconds: seconds * 2,
      clients: [client],
      registrations: { prefix: `fair-${process.pid}-${++run}` },
    });
  const quietRun = () => load.run(plan('second', { rate: QUIET_RATE, connections: 64 }));
  const beside = async (rest: { rate?: number; connections: number }) => {
    const [quiet, loud] = await Promise.all([quietRun(), noisy.run(plan('first', rest))]);
    return { quiet, loud };
  };
  const alone: Load[] = [];
  const paced: { quiet: Load; loud: Load }[] = [];
  const flooded: { quiet: Load; loud: Load }[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      say(`fairness: round ${round} of ${ROUNDS}`);
      alone.push(await quietRun());
      paced.push(await beside({ rate: QUIET_RATE * FACTOR, connections: SATURATING }));
      flooded.push(await beside({ connections: SATURATING }));
    }
  } finally {
    await noisy.stop();
  }
  const lonely = summarise(alone);
  const besides = (runs: { quiet: Load; loud: Load }[]) => ({
    quiet: summarise(runs.map(({ quiet }) => quiet)),
    loud: summarise(runs.map(({ loud }) => loud)),
  });
  const [even, flood] = [besides(paced), besides(flooded)];
  const cost = ({ quiet }: { quiet: Load }) => (quiet.latency.p99 / lonely.latency.p99 - 1) * 100;
  const describe = ({ quiet, loud }: { quiet: Load; loud: Load }) =>
    [
      `p50/p99/p99.9 alone ${formatLatency(lonely.latency)}, beside it ${formatLatency(quiet.latency)} ms`,
      `the loud one ${formatLatency(loud.latency)} ms at ${loud.perSecond.toFixed(0)}/s`,
      `${quiet.answered} answers`,
    ].join('; ');
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
