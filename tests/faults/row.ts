/** What a fault did, as the table tells it. */
export interface Row {
  fault: string;
  /** requests answered 2xx */
  answered: number;
  /** the distinct facts and events that they stand for */
  facts: number;
  /** of these in the analytics database */
  stored: number;
  /** deliveries beyond an event's first, by `duplicates` */
  duplicates: number;
  lost: number;
  /** longest time without any 2xx, ms */
  gapMs: number;
  /** the same for registrations alone */
  registrationGapMs: number;
  /** attempts after a request's first */
  retries: number;
}

/** The longest time in [from, to] without any of the moments; these in order. */
export function longestGap(moments: number[], from: number, to: number): number {
  let last = from;
  let longest = 0;
  for (const moment of [...moments.filter((one) => one < to), to]) {
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return longest;
}

const HEADINGS = [
  'fault',
  'answered 2xx',
  'facts and events',
  'stored',
  'duplicates absorbed',
  'lost',
  'longest time without a 2xx',
  'without a registration',
  'retries',
];

const cells = (row: Row) => [
  row.fault,
  ...[row.answered, row.facts, row.stored, row.duplicates, row.lost].map(count),
  seconds(row.gapMs),
  seconds(row.registrationGapMs),
  count(row.retries),
];

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const count = (n: number) => n.toLocaleString('en-GB');

/** A Markdown table, its columns aligned so that a terminal can show it, too. */
export function formatRows(rows: Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lines[0] as string[], rule, ...lines.slice(1)]
    .map((line) => `| ${line.map(pad).join(' | ')} |`)
    .join('\n');
}
