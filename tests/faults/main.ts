import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { printsHelp } from '../../infra/local/help.ts';
import { interruption, unlessAborted } from '../../infra/local/interruption.ts';
import { STATE_DIR } from '../../infra/local/paths.ts';
import { holdLock } from '../../infra/local/run-lock.ts';
import { setUp } from '../../infra/local/setup.ts';
import { endStaleProcesses } from '../../infra/local/stale.ts';
import { Interrupted, reportError, StopError } from '../../infra/local/stop-error.ts';
import { runTap } from '../support/run-tap.ts';
import { ASSIGNMENT_VARIABLE, type Assignment, progressReader, readRows } from './assignment.ts';
import { formatRows, type Row } from './row.ts';
import { unmount } from './small-disk.ts';

/** No fault is begun after this: one and a half times what all of them take on two cores. */
const BEGIN_WITHIN_MS = 28 * 60_000;
/** Then the process of the tests is killed, whatever it waits for: the last fault at its longest, and the end. */
const KILL_AFTER_MS = BEGIN_WITHIN_MS + 8 * 60_000;

const TABLE = /(<!-- faults -->\n)[\s\S]*?(<!-- \/faults -->)/;

const HELP = `Usage: npm run test:faults -- [options]

Every part killed, stopped or made to fail under a steady load, and the books after each.

  --only TEXT    faults whose name holds the text; may be repeated
  --seed N       of the random schedule
  --doc FILE     writes the table between the marks in that file
  --help         this text
`;

function readOptions(args: string[]): { only: string[]; seed: number; doc: string | undefined } {
  let values: { only: string[]; seed?: string; doc?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string' },
        doc: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new StopError(`${(error as Error).message.split('.')[0]}. There are --only, --seed and --doc.`, 2);
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isInteger(seed) || seed < 0)
    throw new StopError(`--seed takes a whole number from 0, not "${values.seed}".`, 2);
  if (values.doc && values.only.length > 0)
    throw new StopError('--doc is for a run of all faults, without --only.', 2);
  if (values.doc && !(existsSync(values.doc) && TABLE.test(readFileSync(values.doc, 'utf8'))))
    throw new StopError(`${values.doc} has no lines <!-- faults --> and <!-- /faults --> for a table.`, 2);
  return { only: values.only, seed, doc: values.doc };
}

/**
 * `npm run test:faults [-- --only TEXT]… [-- --seed N] [-- --doc FILE]`: every part killed, stopped or made to fail under a
 * steady load, and the books after each. `--only`: faults whose name holds the text; `--seed`: of the random schedule; `--doc`:
 * writes the table between the marks in that file. Closes with `N passed, N failed`.
 */
async function main(args: string[]): Promise<number> {
  if (printsHelp(args, HELP)) return 0;
  const { only, seed, doc } = readOptions(args);
  const say = (line: string) => process.stderr.write(`pistats: ${line}\n`);
  if (!existsSync('/proc/self/stat'))
    throw new StopError('the faults need Linux: the processes to kill are found in /proc.');
  const signal = interruption();
  const tools = await unlessAborted(signal, setUp(say));
  const unlock = await holdLock(
    join(STATE_DIR, 'test.lock'),
    (holder) => say(`waiting for the tests that process ${holder} runs in this checkout`),
    signal,
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'pistats-faults-'));
  // PostgreSQL's own user walks through it
  chmodSync(dataDir, 0o711);
  const assignment: Assignment = { tools, dataDir, only, seed, beginWithinMs: BEGIN_WITHIN_MS };
  say(`the random schedule's seed is ${seed}`);
  const progress = progressReader(dataDir);
  const show = () => process.stderr.write(progress());
  const showing = setInterval(show, 500);
  try {
    const code = await runTap(
      ['tests/faults/faults.tap.ts'],
      { [ASSIGNMENT_VARIABLE]: JSON.stringify(assignment) },
      { args: [`--timeout=${KILL_AFTER_MS / 1_000}`], signal },
    );
    show();
    const rows = readRows(dataDir);
    if (rows.length > 0) process.stderr.write(`\n${formatRows(rows)}\n\n`);
    if (code === 0 && rows.length === 0) say(`no fault's name holds "${only.join('" or "')}".`);
    if (doc) writeTable(doc, rows);
    if (code !== 0) say(`the logs of all parts are in ${keepLogs(dataDir)}`);
    if (signal.aborted) throw new Interrupted();
    return code;
  } finally {
    clearInterval(showing);
    unlock();
    // of a run that was interrupted
    await endStaleProcesses(join(dataDir, 'stack'));
    unmount(join(dataDir, 'stack', 'spool'));
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function keepLogs(dataDir: string): string {
  const kept = join(STATE_DIR, 'faults-logs');
  rmSync(kept, { recursive: true, force: true });
  for (const logs of globSync(join(dataDir, '*', 'logs')))
    cpSync(logs, join(kept, basename(dirname(logs))), { recursive: true });
  return kept;
}

function writeTable(file: string, rows: Row[]): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    text.replace(TABLE, (_, before: string, after: string) => `${before}${formatRows(rows)}\n${after}`),
  );
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
process.exit();
