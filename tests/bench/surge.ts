import { writeFileSync } from 'node:fs';
import { mediaEventDay } from '../../infra/local/load/surge-model.ts';
import type { BenchStack } from './bench-stack.ts';
import { formatLatency, latencyOf, percentile } from './latency.ts';
import { formatCodes } from './load-process.ts';
import { barRow, figureRow, type Row } from './rows.ts';
import { drawSurge } from './surge-chart.ts';
import type { Second } from './surge-client.ts';
import { CLOSED_CONNECTIONS, type Day, type Depth, OVERLOAD, sendDay } from './surge-day.ts';

const DAY_SECONDS = 120;

export interface SurgeOptions {
  /** requests a minute, see readSurgeFile; absent: the built-in media-event day */
  weights: number[] | undefined;
  /** where the picture goes */
  svg: string | undefined;
  say: (line: string) => void;
}

/** A day of a medium in two minutes, its peak at twice what the system sustains, and the books at its end. */
export async function benchSurge(
  { info }: BenchStack,
  { weights = mediaEventDay(), svg, say }: SurgeOptions,
): Promise<Row[]> {
  const day = await sendDay(info, {
    weights,
    seconds: DAY_SECONDS,
    say: (line) => say(`surge: ${line}`),
  });
  if (svg) writeFileSync(svg, drawSurge(day.sent.seconds, day.depths, day.sustained));
  return [
    ...bookRows(`surge at ${OVERLOAD} × capacity`, day),
    figureRow(
      'sustained, Storm beside it',
      day.sustained,
      '/s',
      `${CLOSED_CONNECTIONS} connections in a closed loop`,
    ),
    ...flowRows('surge', day),
  ];
}

/** Every registration answered in the end, stored once, and every event accounted for. */
export function bookRows(name: string, { count, sent, books, stored }: Day): Row[] {
  const answered = sent.seconds.reduce((total, second) => total + second.answered, 0);
  const { installations, devices, facts, events, eventDevices } = stored;
  const once = [devices, facts, events, eventDevices].every((value) => value === installations);
  const balanced =
    books.missing.length === 0 &&
    books.events_rejected === 0 &&
    books.events_received === books.events_stored + books.events_duplicate;
  return [
    barRow(
      `${name}: registrations answered 2xx in the end`,
      (answered / count) * 100,
      '%',
      { atLeast: 100 },
      `${answered} of ${count}; last answers ${formatCodes(sent.last)}; attempts ${formatCodes(sent.attempts)}`,
    ),
    barRow(
      `${name}: installations not stored exactly once`,
      once ? 0 : Math.max(...[devices, facts, events, eventDevices].map((n) => Math.abs(n - installations))),
      '',
      { atMost: 0 },
      `${installations} installations: ${devices} devices and ${facts} facts in the registry, ${events} events of ${eventDevices} devices in the analytics database`,
    ),
    barRow(
      `${name}: events on the stream that are in no table, or refused`,
      balanced ? 0 : Math.max(1, books.missing.length + books.events_rejected),
      '',
      { atMost: 0 },
      `${books.events_received} on the stream since the start, ${books.events_stored} stored, ${books.events_duplicate} duplicates of repeated registrations, ${books.events_rejected} rejected`,
    ),
  ];
}

/** What was offered, answered and shed over time. */
export function flowRows(name: string, { sent: { seconds }, depths }: Day): Row[] {
  const sum = (pick: (second: Second) => number) => seconds.reduce((total, one) => total + pick(one), 0);
  const most = (pick: (second: Second) => number) => Math.max(...seconds.map(pick));
  const latencies = seconds.map(({ milliseconds }) => Float64Array.from(milliseconds).sort());
  const worst = Math.max(...latencies.filter(({ length }) => length > 0).map((one) => percentile(one, 0.99)));
  const deepest = (pick: (depth: Depth) => number) =>
    Math.max(...depths.filter((depth) => depth && !Number.isNaN(pick(depth))).map(pick));
  return [
    figureRow(
      `${name}: most offered in a second`,
      most(({ offered }) => offered),
      '/s',
      `most answered ${most((second) => second.answered)}/s; ${sum(({ shed }) => shed)} attempts shed, ${sum(({ retried }) => retried)} retried, ${sum(({ failed }) => failed)} failed`,
    ),
    figureRow(
      `${name}: worst second's p99, from due to 2xx`,
      worst / 1_000,
      's',
      `of all p50/p99/p99.9 ${formatLatency(latencyOf(seconds.flatMap(({ milliseconds }) => milliseconds)))} ms; queue at most ${deepest(({ queue }) => queue)}, open ${most(({ open }) => open)}, ${deepest(({ inFlight }) => inFlight)} invocations in flight; the last 2xx at ${seconds.findLastIndex((second) => second.answered > 0) + 1} s`,
    ),
  ];
}
