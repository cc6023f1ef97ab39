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
