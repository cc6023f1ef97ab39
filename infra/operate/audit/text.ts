import { addUp, type BalanceRow, byClient, type Counts } from './balance.ts';
import type { FactsCompared } from './facts.ts';
import type { Missing } from './missing.ts';
import type { Repair } from './repair.ts';
import type { Audit } from './run.ts';

/** Lines of a kind; the rest is in the JSON. */
const SHOWN = 50;
const COLUMNS = ['received', 'stored', 'duplicate', 'rejected', 'underWay', 'missing'] as const;
const HEADS = { underWay: 'under way' } as Record<string, string>;

/** The books for a terminal: a row a client (and, if asked for, a minute), then everything that is wrong by name. */
export function auditText(audit: Audit, byMinute: boolean): string {
  const { window, rows, facts, doubles } = audit;
  const sections = [
    `Books of what was received from ${minute(window.from)} to ${minute(window.to)}`,
    rows.length > 0 ? balanceTable(rows, byMinute) : 'Nothing was received.',
    factsLine(facts),
    ...notes(audit),
    lines('missing', audit.missing.map(missingLine)),
    lines(
      'in more than one place',
      doubles.map(({ producer, boot, n, tables }) => `${producer} ${boot} n ${n}: ${tables.join(', ')}`),
    ),
    lines(
      'surplus: the tables hold more than was received',
      rows.filter((row) => row.missing < 0).map((row) => `${row.client} ${row.minute}: ${-row.missing} more`),
    ),
    lines(
      'fact without an event',
      facts.missing.map((fact) => `${fact.client_id} ${fact.id} ${fact.type} ${fact.time.toISOString()}`),
    ),
    lines(
      'event whose fact is gone from the registry, though its user is there',
      facts.lost.map((event) => `${event.client_id} ${event.id} ${event.type} ${event.time.toISOString()}`),
    ),
    audit.balanced ? 'The books balance.' : 'The books DO NOT balance.',
  ];
  return sections.filter(Boolean).join('\n\n');
}

export function repairText({ fromStream, fromRegistry, notYetStored }: Repair): string {
  const late = notYetStored > 0 ? `; ${notYetStored} of them are not stored yet` : '';
  return `Forwarded again: ${fromStream} events as the stream still had them, ${fromRegistry} facts from the registry${late}.`;
}

export const UNREPAIRED = `What is missing still was numbered by its producer and is in no spool at hand, nor on the stream. Where a node's disk is
gone with its spool, so are these events; facts among them were forwarded again under numbers of the audit's own.`;

function balanceTable(rows: BalanceRow[], byMinute: boolean): string {
  const shown = byMinute ? rows : byClient(rows).map((row) => ({ ...row, minute: null }));
  const keys = (row: { client: string | null; minute: string | null }) => [
    row.client ?? '(unknown)',
    ...(byMinute ? [row.minute ?? '(unknown)'] : []),
  ];
  const numbers = (counts: Counts) => COLUMNS.map((name) => counts[name].toLocaleString('en-US'));
  const table = [
    ['client', ...(byMinute ? ['minute'] : []), ...COLUMNS.map((name) => HEADS[name] ?? name)],
    ...shown.map((row) => [...keys(row), ...numbers(row)]),
    ['all', ...(byMinute ? [''] : []), ...numbers(addUp(rows))],
  ];
  const keyColumns = byMinute ? 2 : 1;
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column < keyColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function factsLine({ facts, stored, underWay, rejected, missing, lost, erased }: FactsCompared): string {
  return [
    `facts in the registry: ${facts}; stored as events ${stored}, under way ${underWay}, rejected ${rejected}, missing ${missing.length}`,
    `events whose fact is gone: ${lost.length}; erased with their users (no error): ${erased.length}`,
  ].join('\n');
}

function* notes({ withoutBook, unstamped }: Audit): Generator<string> {
  if (withoutBook.length > 0)
    yield lines(
      'no spool at hand tells what these received; taken from their numbering instead (their last events would not be missed)',
      withoutBook.map(({ producer, boot }) => `${producer} ${boot}`),
    );
  if (unstamped > 0)
    yield `${unstamped} on the stream that no producer stamped: they will be kept among the rejected, and are not counted.`;
}

function missingLine({ producer, boot, from, to, of, after, before }: Missing): string {
  const numbers = from === to ? `n ${from}` : `n ${from} to ${to} (${to - from + 1})`;
  const whose = of.map(
    ({ client, minute: at, events }) => `${client} ${at}${of.length > 1 ? ` ${events}` : ''}`,
  );
  const beside = [after && `after ${after.toISOString()}`, before && `before ${before.toISOString()}`]
    .filter(Boolean)
    .join(', ');
  return `${producer} ${boot} ${numbers}: ${whose.join(', ') || `received ${beside || 'at an unknown time'}`}`;
}

function lines(head: string, items: string[]): string {
  if (items.length === 0) return '';
  const rest = items.length > SHOWN ? [`… and ${items.length - SHOWN} more (--json names all)`] : [];
  return [`${head}:`, ...[...items.slice(0, SHOWN), ...rest].map((item) => `  ${item}`)].join('\n');
}

const minute = (time: Date) => `${time.toISOString().slice(0, 16)}Z`;
