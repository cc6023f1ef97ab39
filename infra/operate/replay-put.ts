import type pg from 'pg';
import { createEventStore } from '../../storm/index.ts';
import { waitUntil } from '../local/wait-until.ts';
import { type Correction, type Replayable, replayable } from './replay-event.ts';
import { type PutTriple, type RejectedRow, settleReplayed } from './replay-rows.ts';
import type { ReplayStream } from './replay-stream.ts';

export interface PutOptions {
  pool: pg.Pool;
  /** opened when the first record is to be put */
  stream: () => ReplayStream;
  dryRun: boolean;
  newIds: boolean;
  /** how long a page is waited for */
  waitMs: number;
}

export interface PutResult {
  /** rows that were put (or would be) */
  put: number;
  /** of these, rows that have left `rejected_events` */
  settled: number;
  /** rows that would only be rejected again */
  refused: { source_id: string; reason: string }[];
}

export interface Replay {
  row: RejectedRow;
  correction: Correction;
}

/**
 * Puts rejected rows back and waits until they are stored. Every step may be repeated: the triples are the same at
 * every try, so an interrupted replay is simply run again.
 */
export async function putBack(options: PutOptions, replays: Replay[]): Promise<PutResult> {
  const result: PutResult = { put: 0, settled: 0, refused: [] };
  const accepted: Exclude<Replayable, { kind: 'refused' }>[] = [];
  for (const { row, correction } of replays) {
    const outcome = replayable(row, correction, options.newIds);
    if (outcome.kind === 'refused') result.refused.push({ source_id: row.source_id, reason: outcome.reason });
    else accepted.push(outcome);
  }
  result.put = accepted.length;
  if (options.dryRun || accepted.length === 0) return result;
  const rows = accepted.flatMap((outcome) => (outcome.kind === 'row' ? [outcome.row] : []));
  await createEventStore(options.pool).store({ events: rows, rejected: [] });
  const records = accepted.flatMap((outcome) => (outcome.kind === 'record' ? [outcome] : []));
  if (records.length > 0) await options.stream()(records);
  const left = await untilSettled(
    options,
    accepted.flatMap(({ triples }) => triples),
  );
  result.settled = accepted.length - left;
  return result;
}

/** How many of the rows are still rejected when the time is over. */
async function untilSettled({ pool, waitMs }: PutOptions, triples: PutTriple[]): Promise<number> {
  let left: string[] = [];
  const settled = async () => {
    left = await settleReplayed(pool, triples);
    return left.length === 0;
  };
  try {
    await waitUntil('the rows', settled, { timeoutMs: waitMs, everyMs: 250 });
  } catch {
    // counted below; a database that is away fails here as it would anywhere
    left = await settleReplayed(pool, triples);
  }
  return left.length;
}
