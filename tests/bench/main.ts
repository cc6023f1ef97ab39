import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printsHelp } from '../../infra/local/help.ts';
import { interruption, unlessAborted, whenAborted } from '../../infra/local/interruption.ts';
import { readSurgeFile } from '../../infra/local/load/surge-file.ts';
import { STATE_DIR } from '../../infra/local/paths.ts';
import { holdLock } from '../../infra/local/run-lock.ts';
import { setUp } from '../../infra/local/setup.ts';
import { Interrupted, reportError, StopError } from '../../infra/local/stop-error.ts';
import { type Bench, GROUPS, type Group, runGroup, type Stoppable, USUAL } from './groups.ts';
import { startLoadProcess } from './load-process.ts';
import { formatRows, type Row } from './rows.ts';

interface Options extends Pick<Bench, 'seconds' | 'surge' | 'svg' | 'profile'> {
  groups: readonly Group[];
  json: string | undefined;
}

const HELP = `Usage: npm run bench -- [options]

Measures every figure in one run over the embedded gateway; each bar is held or short. Exit code 0 when all was measured.

  --only GROUP     one of ${GROUPS.join(', ')}
  --seconds N      of a measured cell (default: 2.5)
  --json FILE      the figures as JSON
  --surge FILE     the day of the group surge: CSV lines "minute,requests"
  --svg FILE       the surge as a chart
  --profile FILE   a CPU profile of the plugin server
  --help           this text
`;

function readOptions(args: string[]): Options {
  let values: { [name in 'json' | 'only' | 'surge' | 'svg' | 'profile']?: string } & { seconds: string };
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'string' },
        only: { type: 'string' },
        seconds: { type: 'string', default: '2.5' },
        surge: { type: 'string' },
        svg: { type: 'string' },
        profile: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new StopError(`${(error as Error).message.split('.')[0]}. See README.md for the options.`, 2);
  }
  const seconds = Number(values.seconds);
  if (!(seconds >= 0.5 && seconds <= 600))
    throw new StopError(`--seconds takes 0.5 to 600, not "${values.seconds}".`, 2);
  const { only, json, svg, profile } = values;
  if (only !== undefined && !GROUPS.includes(only as Group))
    throw new StopError(`--only takes ${GROUPS.join(', ')}, not "${only}".`, 2);
  const surge = values.surge === undefined ? undefined : readSurgeFile(values.surge);
  return { groups: only ? [only as Group] : USUAL, seconds, json, surge, svg, profile };
}

/**
 * `npm run bench [-- --json FILE] [-- --only GROUP] [-- --seconds N] [-- --surge FILE] [-- --svg FILE]
 * [-- --profile FILE]`: every figure in one run over the embedded gateway, each bar held or short. It judges, it does not
 * fail: the exit code is 0 when all was measured.
 */
async function main(args: string[]): Promise<void> {
  if (printsHelp(args, HELP)) return;
  const { groups, json, ...options } = readOptions(args);
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  const signal = interruption();
  const tools = await unlessAborted(signal, setUp(say));
  // the tests of this checkout would be measured, too
  const unlock = await holdLock(
    join(STATE_DIR, 'test.lock'),
    (holder) => say(`waiting for the tests that process ${holder} runs in this checkout`),
    signal,
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
  void whenAborted(signal).then(end);
  const rows: Row[] = [];
  try {
    const load = await hold(Promise.resolve(startLoadProcess()));
    for (const group of groups) rows.push(...(await runGroup(group, { ...options, tools, load, say, hold })));
  } catch (error) {
    // what was interrupted fails in its own way
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    await end();
  }
  if (signal.aborted) throw new Interrupted();
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${busy}`;
  process.stdout.write(
    `\nembedded gateway, ${machine}, ${options.seconds} s a cell\n\n${formatRows(rows)}\n`,
  );
  if (json) writeFileSync(json, `${JSON.stringify(report(rows, machine, options.seconds), null, 2)}\n`);
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
