import { join } from 'node:path';
import t from 'tap';
import { readAssignment, sayProgress, writeRow } from './assignment.ts';
import { faults } from './faults.ts';
import { startRig } from './rig.ts';
import { runFault } from './run-fault.ts';

const { tools, dataDir, only, seed } = readAssignment();
const say = (line: string) => sayProgress(dataDir, `pistats: ${line}`);
/** A fault, its recovery, the last answers, the drain and the audit, each at its longest. */
const FAULT_TIMEOUT_MS = 420_000;

const chosen = faults(seed, say).filter(
  ({ name }) => only.length === 0 || only.some((text) => name.includes(text)),
);
if (chosen.length > 0) {
  const rig = await startRig({ tools, dataDir: join(dataDir, 'stack'), say });
  t.teardown(() => rig.stop());
  for (const fault of chosen)
    await t.test(fault.name, { timeout: FAULT_TIMEOUT_MS }, async (t) => {
      writeRow(dataDir, await runFault(t, rig, fault, say));
    });
}
