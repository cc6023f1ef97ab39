import pg from 'pg';
import { type BenchStack, registrationPlan } from './bench-stack.ts';
import type { Bench } from './groups.ts';
import { formatLatency } from './latency.ts';
import { formatCodes } from './load-process.ts';
import { floors, type Growth, type Resources, resourcesOf } from './resources.ts';
import { barRow, figureRow, type Row } from './rows.ts';
import { measureSustained } from './surge-day.ts';

/** Ten minutes at the usual 2.5 s a cell. */
const CELLS = 240;
const LOAD = 0.7;
const SAMPLES = 120;
const MAX_GROWTH_PERCENT = 10;
const MAX_DESCRIPTORS = 5;
/** As much as the parts take, for a minute: V8's young generation, and PostgreSQL's files, have their final size then. */
const WARM_UP_CELLS = 24;
const WARM_UP_CONNECTIONS = 512;
/** It holds what it was sent: answers for 7 days. */
const STORE = 'redis';

/** Most of what the system sustains, for ten minutes: nothing may grow that is not a store. */
export async function benchSoak({ info }: BenchStack, { load, seconds, say }: Bench): Promise<Row[]> {
  say('soak: what the system sustains');
  const rate = Math.round(LOAD * (await measureSustained(info)));
  const total = Math.round(CELLS * seconds);
  say('soak: warming up, at full load');
  await load.run(
    registrationPlan(info, {
      connections: WARM_UP_CONNECTIONS,
      seconds: WARM_UP_CELLS * seconds,
      registrations: { prefix: `warm-${process.pid}` },
    }),
  );
  // its checkpointer keeps open what it has written once: the first checkpoint is no leak
  await checkpoint(info.adminUrl);
  say(`soak: ${rate}/s for ${total} s`);
  const samples: Resources[] = [];
  const sample = () => samples.push(resourcesOf(info.pids));
  const timer = setInterval(sample, (total * 1_000) / SAMPLES);
  const registrations = { prefix: `soak-${process.pid}` };
  const sent = await load
    .run(registrationPlan(info, { connections: 1_024, seconds: total, rate, registrations }))
    .finally(() => clearInterval(timer));
  const memory = floors(samples, ({ megabytes }) => megabytes);
  const descriptors = floors(samples, ({ descriptors }) => descriptors);
  const others = (list: Growth[]) => list.filter(({ name }) => name !== STORE);
  const percent = ({ from, to }: Growth) => (to / from - 1) * 100;
  const list = (all: Growth[]) =>
    all.map(({ name, from, to }) => `${name} ${from.toFixed(0)} → ${to.toFixed(0)}`).join(', ');
  const where = `${total} s at ${rate}/s, ${LOAD * 100} % of what it sustains; a process of each part, floors from the middle to the end`;
  return [
    barRow(
      `soak at ${LOAD * 100} % load: most growth of a part's memory`,
      Math.max(...others(memory).map(percent)),
      '%',
      { atMost: MAX_GROWTH_PERCENT },
      `MB ${list(memory)}; ${where}; ${STORE}, which keeps what it was sent, left out`,
    ),
    barRow(
      `soak at ${LOAD * 100} % load: most growth of a part's file descriptors`,
      Math.max(...descriptors.map(({ from, to }) => to - from)),
      '',
      { atMost: MAX_DESCRIPTORS },
      list(descriptors),
    ),
    figureRow(
      'soak: registrations answered',
      sent.perSecond,
      '/s',
      `p50/p99/p99.9 ${formatLatency(sent.latency)} ms, ${formatCodes(sent.codes)}`,
    ),
  ];
}

async function checkpoint(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
