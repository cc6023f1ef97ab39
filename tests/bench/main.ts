import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { STATE_DIR } from '../../infra/local/paths.ts';
import { readSurgeFile } from '../../infra/local/replay/surge-file.ts';
import { holdLock } from '../../infra/local/run-lock.ts';
import { setUp } from '../../infra/local/setup.ts';
import { reportError, StopError } from '../../infra/local/stop-error.ts';
import { benchAblation } from './ablation.ts';
import { startBenchStack } from './bench-stack.ts';
import { benchFairness } from './fairness.ts';
import { benchGateway } from './gateway.ts';
import { benchKeys } from './keys.ts';
import { startLoadProcess } from './load-process.ts';
import { benchLone } from './lone.ts';
import { formatRows, type Row } from './rows.ts';
import { benchStorm } from './storm.ts';
import { benchSurge } from './surge.ts';

const GROUPS = ['gateway', 'fairness', 'keys', 'storm', 'surge', 'ablation'] as const;
type Group = (typeof GROUPS)[number];

interface Stoppable {
  stop(): Promise<void>;
}

interface Options {
  groups: readonly Group[];
  /** of one measured cell */
  seconds: number;
  json: string | undefined;
  /** the day of the surge, requests a minute; absent: the built-in one */
  surge: number[] | undefined;
  /** where the picture of the surge goes */
  svg: string | undefined;
}

function readOptions(args: string[]): Options {
  let values: { json?: string; only?: string; seconds: string; surge?: string; svg?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'string' },
        only: { type: 'string' },
        seconds: { type: 'string', default: '2.5' },
        surge: { type: 'string' },
        svg: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new StopError(`${(error as Error).message.split('.')[0]}. See README.md for the options.`, 2);
  }
  const seconds = Number(values.seconds);
  if (!(seconds >= 0.5 && seconds <= 600))
    throw new StopError(`--seconds takes 0.5 to 600, not "${values.seconds}".`, 2);
  const { only, json, svg } = values;
  if (only !== undefined && !GROUPS.includes(only as Group))
    throw new StopError(`--only takes ${GROUPS.join(', ')}, not "${only}".`, 2);
  const surge = values.surge === undefined ? undefined : readSurgeFile(values.surge);
  return { groups: only ? [only as Group] : GROUPS, seconds, json, surge, svg };
}

/**
 * `npm run bench [-- --json FILE] [-- --only GROUP] [-- --seconds N] [-- --surge FILE] [-- --svg FILE]`: every figure in
 * one run over the embedded gateway, each bar held or short. It judges, it does not fail: the exit code is 0 when all
 * was measured.
 */
async function main(args: string[]): Promise<void> {
  const { groups, seconds, json, surge, svg } = readOptions(args);
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  const tools = await setUp(say);
  // the tests of this checkout would be measured, too
  const unlock = await holdLock(join(STATE_DIR, 'test.lock'), (holder) =>
    say(`waiting for the tests that process ${holder} runs in this checkout`),
  );
  // others' work on this machine is in every figure: the reader is told
  const busy = `load average ${loadavg()[0]?.toFixed(1)} before`;
  /** what runs or is being started: an interrupt ends all of it */
  const parts: Promise<Stoppable>[] = [];
  const hold = <T extends Stoppable>(part: Promise<T>): Promise<T> => {
    parts.push(part);
    return part;
  };
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= Promise.allSettled(parts)
      .then((all) => Promise.allSettled(all.map((part) => part.status === 'fulfilled' && part.value.stop())))
      .then(unlock);
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)));
  const rows: Row[] = [];
  try {
    const load = await hold(Promise.resolve(startLoadProcess()));
    if (groups.includes('gateway')) {
      const stack = await hold(startBenchStack({ tools, storm: false, say }));
      rows.push(...(await benchGateway(stack, load, seconds, say)));
      say('a lone request');
      rows.push(...(await benchLone(stack, seconds)));
      await stack.stop();
    }
    if (groups.includes('fairness')) {
      const stack = await hold(startBenchStack({ tools, storm: false, say }));
      rows.push(...(await benchFairness(stack, load, seconds, say)));
      await stack.stop();
    }
    if (groups.includes('keys')) rows.push(...(await benchKeys(load, seconds, say, hold)));
    if (groups.includes('storm')) {
      const stack = await hold(startBenchStack({ tools, storm: true, say }));
      rows.push(...(await benchStorm(stack, seconds, say)));
      await stack.stop();
    }
    if (groups.includes('surge')) {
      const stack = await hold(startBenchStack({ tools, storm: true, say }));
      rows.push(...(await benchSurge(stack, { weights: surge, svg, say })));
      await stack.stop();
    }
    if (groups.includes('ablation')) {
      const stack = await hold(startBenchStack({ tools, storm: false, say }));
      rows.push(...(await benchAblation(stack, load, { seconds, say, hold })));
    }
  } catch (error) {
    // what was interrupted fails in its own way
    if (!ending) throw error;
  } finally {
    await end();
  }
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${busy}`;
  process.stdout.write(`\nembedded gateway, ${machine}, ${seconds} s a cell\n\n${formatRows(rows)}\n`);
  if (json) writeFileSync(json, `${JSON.stringify(report(rows, machine, seconds), null, 2)}\n`);
}

function report(rows: Row[], machine: string, seconds: number): object {
  const of = (barred: boolean) => rows.filter(({ bar }) => (bar !== null) === barred);
  return { gateway: 'embedded', machine, seconds, bars: of(true), figures: of(false) };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
