import { InvalidArgumentError } from 'commander';

/** An option's `2026-01-31` (midnight UTC) or RFC 3339. */
export function parseTime(value: string): Date {
  const time = new Date(value);
  if (!/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('Give a date (2026-01-31) or a time (2026-01-31T20:00:00Z).');
  return time;
}
