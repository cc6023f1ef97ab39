/** A client and a minute as one key: `2026-11-24T13:05Z demo-news`; its order is that of the minutes. */
export type Cell = string & { readonly cell: unique symbol };

/** The minute (UTC) of a time, as `2026-11-24T13:05Z`; null when it is none. */
export function minuteOf(time: string | Date): string | null {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().slice(0, 16)}Z`;
}

export const makeCell = (client: string, minute: string) => `${minute} ${client}` as Cell;

export function parseCell(cell: Cell): { client: string; minute: string } {
  const at = cell.indexOf(' ');
  return { client: cell.slice(at + 1), minute: cell.slice(0, at) };
}
