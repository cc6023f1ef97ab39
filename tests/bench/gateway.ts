import { type BenchStack, MODES, type Mode, registrationPlan } from './bench-stack.ts';
import { countStatements, functionStats, metric } from './counters.ts';
import { type CpuSeconds, cpuSeconds, cpuSince, formatCpu } from './cpu.ts';
import { formatLatency } from './latency.ts';
import { formatCodes, type Load, type LoadProcess } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';

const CONNECTIONS = [1, 64, 512];
const SATURATED = 512;
const KINDS = ['new', 'repeated'] as const;
type Kind = (typeof KINDS)[number];

interface Cell {
  load: Load;
  invocations: number;
  billedMs: number;
  roundTrips: number;
  cpu: CpuSeconds;
}

/** Coalescing on and off, interleaved in one run over one gateway. */
export async function benchGateway(
  { info }: BenchStack,
  load: LoadProcess,
  seconds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const pids = { ...info.pids, load: load.pid };
  /** per mode, how many installations have registered under its name */
  const known = new Map<Mode, number>();
  let run = 0;

  const warm = (mode: Mode) =>
    load.run(
      registrationPlan(info, {
        mode,
        connections: 64,
        seconds,
        registrations: { prefix: `warm-up-${mode}` },
      }),
    );
  const send = async (mode: Mode, connections: number, kind: Kind) => {
    const count = known.get(mode);
    const repeats = kind === 'repeated' && count !== undefined;
    const registrations = repeats
      ? { prefix: `warm-up-${mode}`, known: count }
      : { prefix: `bench-${process.pid}-${++run}` };
    return load.run(registrationPlan(info, { mode, connections, seconds, registrations }));
  };
  const measure = async (mode: Mode, connections: number, kind: Kind): Promise<Cell> => {
    const before = {
      stats: await functionStats(info),
      trips: await metric(info, 'pistats_pdk_round_trips_sum'),
      cpu: cpuSeconds(pids),
    };
    const result = await send(mode, connections, kind);
    const cpu = cpuSince(before.cpu, cpuSeconds(pids));
    const stats = await functionStats(info);
    return {
      load: result,
      cpu,
      invocations: stats.invocations - before.stats.invocations,
      billedMs: stats.billedMs - before.stats.billedMs,
      roundTrips: (await metric(info, 'pistats_pdk_round_trips_sum')) - before.trips,
    };
  };

  // in this order: what each needs beyond the ones before it is started then
  const environments = new Map<Mode, number>();
  for (const mode of MODES) {
    known.set(mode, (await warm(mode)).answered);
    environments.set(mode, (await functionStats(info)).environments);
  }
  const cells = new Map<string, Cell>();
  const at = (mode: Mode, connections: number, kind: Kind) =>
    cells.get(`${mode} ${connections} ${kind}`) as Cell;
  for (const connections of CONNECTIONS)
    for (const kind of KINDS)
      for (const mode of MODES) {
        say(`gateway: coalescing ${mode}, ${connections} connections, ${kind} registrations`);
        cells.set(`${mode} ${connections} ${kind}`, await measure(mode, connections, kind));
      }
  // once more the other way round: what warmed up meanwhile must not favour either
  const again = new Map<Mode, Cell>();
  for (const mode of MODES.toReversed()) again.set(mode, await measure(mode, SATURATED, 'new'));
  const saturated = (mode: Mode) => [at(mode, SATURATED, 'new'), again.get(mode) as Cell];
  say('gateway: SQL statements');
  const statements: [Mode, number, number][] = [];
  for (const mode of ['on', 'off'] as const) {
    const counted = await countStatements(info, () => measure(mode, SATURATED, 'new'));
    const { invocations, load: sent } = counted.result;
    statements.push([mode, counted.statements / invocations, counted.statements / sent.answered]);
  }

  return [
    ...ratios(saturated),
    ...statementRows(statements),
    roundTripRow(at('on', 64, 'new')),
    figureRow(
      'environments of the function',
      environments.get('on') ?? Number.NaN,
      '',
      `64 connections: ${[...environments].map((one) => one.join(' ')).join(', ')}`,
    ),
    ...[...cells].map(([name, cell]) => cellRow(name, cell)),
    ...MODES.map((mode) => cellRow(`${mode} ${SATURATED} new, again`, again.get(mode) as Cell)),
  ];
}

const perThousand = (value: number, { load }: Cell) => (value * 1_000) / load.answered;

function ratios(saturated: (mode: Mode) => Cell[]): Row[] {
  const middle = (mode: Mode, figure: (cell: Cell) => number) => mean(saturated(mode).map(figure));
  const rate = (mode: Mode) => middle(mode, ({ load }) => load.perSecond);
  const billed = (mode: Mode) => middle(mode, (cell) => perThousand(cell.billedMs, cell));
  const invocations = (mode: Mode) => middle(mode, (cell) => perThousand(cell.invocations, cell));
  // against whichever way of leaving it off did better
  const bestRate = Math.max(rate('off'), rate('unbounded'));
  const bestBilled = Math.min(billed('off'), billed('unbounded'));
  const list = (figure: (mode: Mode) => number) =>
    MODES.map((mode) => `${mode} ${figure(mode).toFixed(0)}`).join(', ');
  const where = `${SATURATED} connections, new registrations`;
  return [
    barRow(
      'registrations/s, coalescing on : off',
      rate('on') / bestRate,
      '×',
      { atLeast: 3 },
      `${list(rate)} a second; ${where}`,
    ),
    barRow(
      'billed function-ms, coalescing off : on',
      bestBilled / billed('on'),
      '×',
      { atLeast: 10 },
      `${list(billed)} ms per 1,000; ${where}`,
    ),
    barRow(
      'invocations per 1,000 registrations',
      invocations('on'),
      '',
      { atMost: 40 },
      `${list(invocations)}; ${where}`,
    ),
  ];
}

function statementRows(statements: [Mode, number, number][]): Row[] {
  const [, batch = Number.NaN, one = Number.NaN] = statements.find(([mode]) => mode === 'on') ?? [];
  const detail = statements
    .map(([mode, a, b]) => `${mode} ${a.toFixed(2)} an invocation, ${b.toFixed(3)} a registration`)
    .join('; ');
  return [
    barRow('SQL statements a batch', batch, '', { atMost: 6 }, detail),
    barRow('SQL statements a registration', one, '', { atMost: 0.25 }, detail),
  ];
}

function roundTripRow(cell: Cell): Row {
  const value = cell.roundTrips / cell.load.answered;
  const detail = 'over the three plugins, calls written together count once; 64 connections';
  return barRow('PDK round trips a registration', value, '', { atMost: 7 }, detail);
}

function cellRow(name: string, cell: Cell): Row {
  const { load } = cell;
  const [mode, connections, ...kind] = name.split(' ');
  const detail = [
    `p50/p99/p99.9 ${formatLatency(load.latency)} ms`,
    `per 1,000: ${perThousand(cell.invocations, cell).toFixed(0)} invocations`,
    `${perThousand(cell.billedMs, cell).toFixed(0)} billed ms`,
    `CPU s ${formatCpu(cell.cpu, load.answered)}`,
    formatCodes(load.codes),
  ];
  return figureRow(
    `coalescing ${mode}, ${connections} connections, ${kind.join(' ')}`,
    load.perSecond,
    '/s',
    detail.join('; '),
  );
}

/** The mean of two runs. */
const mean = ([a = Number.NaN, b = a]: number[]) => (a + b) / 2;
