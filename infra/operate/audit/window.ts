/** What is audited: received at or after `from` and before `to`, both at a full minute. */
export interface Window {
  from: Date;
  to: Date;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The minutes that hold the given times; without them the 24 hours before `to`, or before now. */
export function windowOf(from: Date | undefined, to: Date | undefined, now: Date): Window {
  const end = Math.ceil((to ?? now).getTime() / MINUTE_MS) * MINUTE_MS;
  const start = from?.getTime() ?? end - DAY_MS;
  return { from: new Date(Math.floor(start / MINUTE_MS) * MINUTE_MS), to: new Date(end) };
}

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

export const inWindow = ({ from, to }: Window, minute: string) => {
  const time = Date.parse(minute);
  return time >= from.getTime() && time < to.getTime();
};

export const cellInWindow = (window: Window, cell: Cell) => inWindow(window, parseCell(cell).minute);
