import { type BenchStack, registrationPlan } from './bench-stack.ts';
import { formatLatency, median } from './latency.ts';
import { formatCodes, type Load, type LoadProcess, startLoadProcess } from './load-process.ts';
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
  const p99 = (loads: Load[]) => median(loads.map(({ latency }) => latency.p99));
  const quiet = (runs: { quiet: Load }[]) => runs.map((one) => one.quiet);
  const cost = (runs: { quiet: Load }[]) => (p99(quiet(runs)) / p99(alone) - 1) * 100;
  const describe = (runs: { quiet: Load; loud: Load }[]) =>
    [
      `p50/p99/p99.9 alone ${formatRounds(alone)}, beside it ${formatRounds(quiet(runs))} ms`,
      `the loud one: ${median(runs.map(({ loud }) => loud.perSecond)).toFixed(0)}/s, p99 ${p99(runs.map(({ loud }) => loud)).toFixed(0)} ms`,
      `median of ${ROUNDS} rounds`,
    ].join('; ');
  const refused = [...alone, ...quiet(paced), ...quiet(flooded)].reduce(
    (sum, { codes }) => sum + (codes[503] ?? 0),
    0,
  );
  const codes = formatCodes(sumCodes([...alone, ...quiet(paced), ...quiet(flooded)]));
  return [
    barRow(
      `a client at ${FACTOR} × load: another one's p99`,
      cost(paced),
      '%',
      { atMost: 20 },
      describe(paced),
    ),
    barRow(`503s of a client beside one at ${FACTOR} × load`, refused, '', { atMost: 0 }, codes),
    figureRow("a client that floods the gateway: another one's p99", cost(flooded), '%', describe(flooded)),
  ];
}

function formatRounds(loads: Load[]): string {
  const of = (pick: (load: Load) => number) => median(loads.map(pick));
  return formatLatency({
    p50: of(({ latency }) => latency.p50),
    p99: of(({ latency }) => latency.p99),
    p999: of(({ latency }) => latency.p999),
  });
}

function sumCodes(loads: Load[]): Record<number, number> {
  const sum: Record<number, number> = {};
  for (const { codes } of loads)
    for (const [code, count] of Object.entries(codes)) sum[Number(code)] = (sum[Number(code)] ?? 0) + count;
  return sum;
}
