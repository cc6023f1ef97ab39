import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { startAblatedGateway } from './ablated-gateway.ts';
import { type BenchStack, registrationPlan } from './bench-stack.ts';
import type { Bench } from './groups.ts';
import { formatCodes } from './load-process.ts';
import { type CpuProfile, formatSelfTimes, selfTimes } from './profile-table.ts';
import { figureRow, type Row } from './rows.ts';

const CONNECTIONS = 512;
/** Until V8 has optimised what runs often. */
const WARM_UP_CELLS = 3;
const CELLS = 4;
const PARTS = ['gateway', 'plugin-server'] as const;

/** Where gateway and plugin server spend their time under saturation; tables go to `--profile FILE`. */
export async function benchProfile(
  { info }: BenchStack,
  { load, seconds, profile, say, hold }: Bench,
): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-profile-'));
  const preload = join(import.meta.dirname, 'profile-preload.ts');
  const fileOf = (part: (typeof PARTS)[number]) => join(dir, `${part}.cpuprofile`);
  const profiled = await hold(
    startAblatedGateway(info, {
      preload,
      gatewayPreload: preload,
      env: (part) => ({ PISTATS_PROFILE: join(dir, `${part}.cpuprofile`) }),
    }),
  );
  const signal = async (there: (file: string) => string) => {
    for (const part of PARTS) process.kill(profiled.pids[part], 'SIGUSR2');
    await Promise.all(
      PARTS.map((part) => waitUntil(`the profile of ${part}`, () => existsSync(there(fileOf(part))))),
    );
  };
  const run = (cells: number, prefix: string) =>
    load.run(
      registrationPlan(profiled.info, {
        connections: CONNECTIONS,
        seconds: cells * seconds,
        registrations: { prefix: `profile-${process.pid}-${prefix}` },
      }),
    );
  try {
    say('profile: warming up');
    await run(WARM_UP_CELLS, 'warm-up');
    say(`profile: ${CELLS * seconds} s at ${CONNECTIONS} connections`);
    await signal((file) => `${file}.begun`);
    const sent = await run(CELLS, 'measured');
    await signal((file) => file);
    const read = (part: (typeof PARTS)[number]) =>
      selfTimes(JSON.parse(readFileSync(fileOf(part), 'utf8')) as CpuProfile);
    const all = PARTS.map((part) => ({ part, times: read(part) }));
    const tables = all.map(({ part, times }) => formatSelfTimes(part, times, sent.answered));
    if (profile) writeFileSync(profile, `${tables.join('\n')}`);
    return all.map(({ part, times }) =>
      figureRow(
        `${part}: busy under saturation`,
        (times.busy / (times.busy + times.idle)) * 100,
        '%',
        `${((times.busy * 1_000) / sent.answered).toFixed(0)} µs a registration: ${times.areas
          .slice(0, 6)
          .map(({ name, ms }) => `${name} ${((ms / times.busy) * 100).toFixed(0)} %`)
          .join(', ')}; ${sent.perSecond.toFixed(0)}/s, ${formatCodes(sent.codes)}`,
      ),
    );
  } finally {
    await profiled.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
