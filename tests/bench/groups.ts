import type { Tools } from '../../infra/local/setup.ts';
import { benchAblation } from './ablation.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { benchFairness } from './fairness.ts';
import { benchFunctions } from './functions.ts';
import { benchGateway } from './gateway.ts';
import { benchHeap } from './heap.ts';
import { benchKeys } from './keys.ts';
import type { LoadProcess } from './load-process.ts';
import { benchLone } from './lone.ts';
import { benchProfile } from './profile.ts';
import type { Row } from './rows.ts';
import { benchShed } from './shed.ts';
import { benchSoak } from './soak.ts';
import { benchStorm } from './storm.ts';
import { benchSynthetic } from './storm-synthetic.ts';
import { benchSurge } from './surge.ts';

export interface Stoppable {
  stop(): Promise<void>;
}

/** What a group of figures is measured with. */
export interface Bench {
  tools: Tools;
  load: LoadProcess;
  /** of one measured cell */
  seconds: number;
  /** the day of the surge, requests a minute; absent: the built-in one */
  surge: number[] | undefined;
  /** where the picture of the surge goes */
  svg: string | undefined;
  /** where the table of the profile goes */
  profile: string | undefined;
  say: (line: string) => void;
  /** what is started: an interrupt ends it, too */
  hold: <T extends Stoppable>(part: Promise<T>) => Promise<T>;
}

async function withStack(
  { tools, say, hold }: Bench,
  storm: boolean,
  run: (stack: BenchStack) => Promise<Row[]>,
  durable = false,
): Promise<Row[]> {
  const stack = await hold(startBenchStack({ tools, storm, durable, say }));
  const rows = await run(stack);
  await stack.stop();
  return rows;
}

/** Each group starts what it needs and leaves nothing behind. */
const RUN = {
  gateway: (bench: Bench) =>
    withStack(bench, false, async (stack) => {
      const rows = await benchGateway(stack, bench.load, bench.seconds, bench.say);
      bench.say('a lone request');
      return [...rows, ...(await benchLone(stack, bench.seconds))];
    }),
  fairness: (bench: Bench) =>
    withStack(bench, false, (stack) => benchFairness(stack, bench.load, bench.seconds, bench.say)),
  keys: ({ load, seconds, say, hold }: Bench) => benchKeys(load, seconds, say, hold),
  functions: (bench: Bench) => withStack(bench, false, (stack) => benchFunctions(stack, bench.say)),
  heap: ({ say }: Bench) => benchHeap(say),
  storm: async (bench: Bench) => [
    ...(await withStack(bench, false, (stack) => benchSynthetic(stack, bench.seconds, bench.say))),
    ...(await withStack(bench, true, (stack) => benchStorm(stack, bench.seconds, bench.say))),
  ],
  surge: (bench: Bench) =>
    withStack(bench, true, (stack) =>
      benchSurge(stack, { weights: bench.surge, svg: bench.svg, say: bench.say }),
    ),
  shed: (bench: Bench) =>
    withStack(bench, true, (stack) => benchShed(stack, { weights: bench.surge, ...bench })),
  ablation: (bench: Bench) => withStack(bench, false, (stack) => benchAblation(stack, bench.load, bench)),
  // a stream in memory would grow to gigabytes, and stop the world for them
  soak: (bench: Bench) => withStack(bench, true, (stack) => benchSoak(stack, bench), true),
  profile: (bench: Bench) => withStack(bench, false, (stack) => benchProfile(stack, bench)),
} satisfies Record<string, (bench: Bench) => Promise<Row[]>>;

export type Group = keyof typeof RUN;
export const GROUPS = Object.keys(RUN) as Group[];
/** The others are asked for by name: ten minutes of the same, and a table that explains. */
export const USUAL = GROUPS.filter((group) => group !== 'soak' && group !== 'profile');

export const runGroup = (group: Group, bench: Bench): Promise<Row[]> => RUN[group](bench);
