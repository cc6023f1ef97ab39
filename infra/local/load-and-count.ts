import { EXAMPLE_CLIENTS } from './example-clients.ts';
import { generateRequests, type ReplayRequest, readRequests } from './load/bodies.ts';
import { openEventCount } from './load/event-count.ts';
import { createProgress } from './load/progress.ts';
import { type ReplayResult, runReplay } from './load/run-load.ts';
import { type Books, closeBooks } from './load/stored-counts.ts';
import { openStreamReader } from './load/stream-position.ts';
import { readSurgeFile } from './load/surge-file.ts';
import { mediaEventDay, schedule } from './load/surge-model.ts';
import { makeTable, type ReplayTable } from './load/table.ts';
import type { RunInfo } from './run-info.ts';

/** A day's shape is compressed to this many requests a second on average, but to ten seconds at least. */
const MEAN_RATE = 500;
const MIN_SECONDS = 10;
/** Above it the example sites' visitors queue at the gateway; below it the shape can't be followed. */
const CONCURRENCY = 256;

interface LambdaStats {
  invocations: number;
  environments: number;
}

export interface ReplayPlan {
  requests: Iterable<ReplayRequest>;
  /** when each request is due, ms from the start */
  moments: Float64Array;
}

/** Reads the files the options name, so that a bad one ends the command before anything is started. */
export function planReplay(options: { registrations: number; surge?: string; input?: string }): ReplayPlan {
  const weights = options.surge ? readSurgeFile(options.surge) : mediaEventDay();
  const clients = [...EXAMPLE_CLIENTS];
  const fromFile = options.input ? readRequests(options.input, clients) : undefined;
  const count = fromFile?.length ?? options.registrations;
  const durationMs = Math.max(MIN_SECONDS, count / MEAN_RATE) * 1_000;
  return {
    requests: fromFile ?? generateRequests(clients, count),
    moments: schedule(weights, count, durationMs),
  };
}

/** Replays the plan through the gateway and waits until the books can be closed. */
export async function replayAndCount(
  info: RunInfo,
  plan: ReplayPlan,
  signal: AbortSignal,
): Promise<{ table: ReplayTable; missing: Books['missing'] }> {
  const progress = createProgress();
  const stream = await openStreamReader(info.kinesisUrl, info.stream);
  const before = await lambdaStats(info);
  let live = { lambda: before, acknowledged: 0, stored: 0 };
  const metricsBefore = await acknowledgedEvents(info);
  const analytics = await openEventCount(info.analyticsUrl);
  const poll = setInterval(async () => {
    try {
      const [lambda, acknowledged, stored] = await Promise.all([
        lambdaStats(info),
        acknowledgedEvents(info),
        analytics.count(),
      ]);
      live = { lambda, acknowledged: acknowledged - metricsBefore, stored };
    } catch {
      // the next poll may be luckier; the table does not depend on this
    }
  }, 1_000);
  let waitingFor: number | undefined;
  const show = (result: ReplayResult) => progress.show(progressParts(result, live, before, waitingFor));
  try {
    const result = await runReplay({
      proxyUrl: info.proxyUrl,
      ...plan,
      concurrency: CONCURRENCY,
      signal,
      onProgress: show,
    });
    clearInterval(poll);
    const triples = await stream.read();
    waitingFor = triples.length;
    const books = await closeBooks(info.analyticsUrl, triples, {
      signal,
      onProgress(stored) {
        live = { ...live, stored, acknowledged: triples.length };
        show(result);
      },
    });
    const lambda = await lambdaStats(info);
    const used = { invocations: lambda.invocations - before.invocations, environments: lambda.environments };
    return { table: makeTable(result, books, used), missing: books.missing };
  } finally {
    clearInterval(poll);
    progress.end();
    stream.close();
    await analytics.close();
  }
}

/** @param waitingFor events on the stream, once all requests are answered: they are to be in the database */
function progressParts(
  result: ReplayResult,
  live: { lambda: LambdaStats; acknowledged: number; stored: number },
  before: LambdaStats,
  waitingFor: number | undefined,
): string[] {
  const answered = result.registered + Object.values(result.rejected).reduce((sum, n) => sum + n, 0);
  const environments = `environments ${live.lambda.environments}`;
  if (waitingFor !== undefined)
    return [
      `all ${answered} answered, waiting for the database: ${live.stored} of ${waitingFor} events`,
      environments,
    ];
  return [
    `sent ${result.sent}`,
    `answered ${answered}`,
    `${result.registrations_per_second}/s`,
    `in Kinesis ${live.acknowledged}`,
    `in the database ${live.stored}`,
    `p50 ${result.p50_ms} p99 ${result.p99_ms} ms`,
    `invocations ${live.lambda.invocations - before.invocations}`,
    environments,
  ];
}

/** Of the functions that requests invoke; reconcile runs by itself. */
async function lambdaStats(info: RunInfo): Promise<LambdaStats> {
  const stats = (await (await fetch(`${info.lambdaUrl}/stats`)).json()) as Record<string, LambdaStats>;
  const serving = Object.entries(stats).filter(([name]) => name !== 'pistats-reconcile');
  return {
    invocations: serving.reduce((sum, [, { invocations }]) => sum + invocations, 0),
    environments: serving.reduce((sum, [, { environments }]) => sum + environments, 0),
  };
}

async function acknowledgedEvents(info: RunInfo): Promise<number> {
  const text = await (await fetch(info.metricsUrl)).text();
  return Number(/^pistats_kinesis_events_acknowledged_total (\d+)/m.exec(text)?.[1] ?? 0);
}
