import type { ReplayResult } from './run-load.ts';
import type { Books } from './stored-counts.ts';

export interface ReplayTable extends ReplayResult, Omit<Books, 'missing'> {
  invocations: number;
  environments: number;
  /** sent = registered + rejected, and received = stored + duplicate + rejected events, with none missing */
  balanced: boolean;
}

export function makeTable(
  replay: ReplayResult,
  { missing, ...books }: Books,
  lambda: { invocations: number; environments: number },
): ReplayTable {
  const refused = Object.values(replay.rejected).reduce((sum, count) => sum + count, 0);
  const requests = replay.sent === replay.registered + refused;
  const accepted = replay.accepted === replay.registered + replay.subscribed;
  const events =
    missing.length === 0 &&
    books.events_received === books.events_stored + books.events_duplicate + books.events_rejected;
  // every registration answered 2xx has its fact on the stream
  const facts = books.events_received >= replay.registered;
  return { ...replay, ...books, ...lambda, balanced: requests && accepted && events && facts };
}

/** The closing table, as text. */
export function formatTable(table: ReplayTable, missing: Books['missing']): string {
  const number = (value: number) => value.toLocaleString('en-US');
  const rejected = Object.entries(table.rejected).map(([code, count]) => `${number(count)} ${code}`);
  const rows: [string, string][] = [
    ['registration requests sent', number(table.sent)],
    ['  registered (201 and 200)', number(table.registered)],
    ['  rejected', rejected.join(', ') || '0'],
    ['subscriptions', number(table.subscribed)],
    ['accepted (every 2xx)', number(table.accepted)],
    ['events in Kinesis', number(table.events_received)],
    ['  stored', number(table.events_stored)],
    ['  duplicates (the same event again)', number(table.events_duplicate)],
    ['  rejected', number(table.events_rejected)],
    ['invocations', `${number(table.invocations)} in ${number(table.environments)} environments`],
    ['registrations per second', number(table.registrations_per_second)],
    ['latency p50 / p99', `${table.p50_ms} / ${table.p99_ms} ms`],
    ['duration', `${table.seconds} s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const verdict = table.balanced ? 'The books balance.' : 'The books DO NOT balance.';
  const lost = missing.map((triple) => `  missing: ${triple.join(' ')}`);
  return [...lines, '', verdict, ...lost].join('\n');
}
