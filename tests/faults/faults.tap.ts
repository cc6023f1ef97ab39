import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readAssignment, readRows, sayProgress, writeRow } from './assignment.ts';
import { type Fault, faults, spoolFull } from './faults.ts';
import { runFault } from './run-fault.ts';
import { mountSmallDisk, unmount } from './small-disk.ts';
import { startSystem } from './system.ts';

/** A fault, its recovery, the last answers, the drain and the audit, each at its longest. */
const FAULT_TIMEOUT_MS = 420_000;
/** Far above what a minute without Kinesis leaves in the spool. */
const DISK_MB = 32;
/** A few seconds of the load. */
const SMALL_SPOOL_BYTES = 300_000;

const { tools, dataDir, only, seed, beginWithinMs } = readAssignment();
const say = (line: string) => sayProgress(dataDir, `pistats: ${line}`);
const chosen = (all: Fault[]) =>
  all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
const stackDir = join(dataDir, 'stack');

/** Starts the system, and strikes it with one fault after the other. */
async function runAll(t: Test, all: Fault[], pluginServerEnv: Record<string, string> = {}): Promise<void> {
  if (all.length === 0) return;
  const start = () => startSystem({ tools, dataDir: stackDir, pluginServerEnv, say });
  const system = await start().catch((error: Error) => {
    // a port, say, that another took between its choice and its use: how the system starts is tested elsewhere
    say(`${error.message}; once more`);
    return start();
  });
  try {
    for (const fault of all)
      await t.test(fault.name, { timeout: FAULT_TIMEOUT_MS }, async (t) => {
        if (performance.now() > beginWithinMs)
          return void t.fail('the time of the whole run is over: not tried');
        say(`${fault.name} …`);
        try {
          writeRow(dataDir, await runFault(t, system, fault, say));
        } catch (error) {
          say(`${fault.name}: ${(error as Error).message}`);
          throw error;
        }
        if (!t.passing()) say(`${fault.name}: FAILED`);
      });
  } finally {
    await system.stop();
  }
}

// one test around all: tap ends by itself what has no subtest for a while, as while a second system starts
t.test('faults', { timeout: beginWithinMs + FAULT_TIMEOUT_MS }, async (t) => {
  const spoolDir = join(stackDir, 'spool');
  const smallDisk = mountSmallDisk(spoolDir, DISK_MB);
  if (smallDisk) t.teardown(() => unmount(spoolDir));
  else say('no file system can be mounted here (root can): the faults with a full disk are left out');
  const usual = chosen(faults(smallDisk, seed, say));
  const bounded = chosen([spoolFull]);
  try {
    await runAll(t, usual);
    // over the same databases and spool: the audit has the books of both
    await runAll(t, bounded, { PISTATS_SPOOL_MAX_BYTES: String(SMALL_SPOOL_BYTES) });
  } catch (error) {
    // tap tells it at the end of the run only
    say((error as Error).message);
    throw error;
  }
  t.equal(readRows(dataDir).length, usual.length + bounded.length, 'every fault has its row');
});
