import { mediaEventDay } from '../../infra/local/load/surge-model.ts';
import { startAblatedGateway } from './ablated-gateway.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Bench } from './groups.ts';
import { barRow, type Row } from './rows.ts';
import { bookRows, flowRows } from './surge.ts';
import { OVERLOAD, sendDay } from './surge-day.ts';

const DAY_SECONDS = 60;
/** deck.yaml's 10,000 take a surge like this one in: none of it would be shed. */
const MAX_QUEUE = 150;

/** A surge that does not find room: what is refused comes again when it was told to, and in the end is stored once. */
export async function benchShed(
  { info }: BenchStack,
  { weights = mediaEventDay(), say, hold }: Pick<Bench, 'say' | 'hold'> & { weights: number[] | undefined },
): Promise<Row[]> {
  const narrow = await hold(
    startAblatedGateway(info, { plugins: { 'lambda-invoke': { max_queue: MAX_QUEUE } } }),
  );
  const name = `surge at ${OVERLOAD} × capacity, queue of ${MAX_QUEUE}`;
  const day = await sendDay(narrow.info, {
    weights,
    seconds: DAY_SECONDS,
    say: (line) => say(`shed: ${line}`),
  });
  await narrow.stop();
  const { early, deferred, longestRetryAfter, seconds } = day.sent;
  const shed = seconds.reduce((sum, second) => sum + second.shed, 0);
  return [
    barRow(
      `${name}: attempts shed`,
      shed,
      '',
      { atLeast: 1 },
      `${deferred} answers with a Retry-After, ${longestRetryAfter} s at most`,
    ),
    barRow(
      `${name}: attempts sent before their Retry-After`,
      early,
      '',
      { atMost: 0 },
      'by any registration',
    ),
    ...bookRows(name, day),
    ...flowRows(name, day),
  ];
}
