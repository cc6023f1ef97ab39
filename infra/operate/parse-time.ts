import { InvalidArgumentError } from 'commander';

const FORM = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](\d\d):(\d\d)))?$/;
const ACCEPTED =
  'Give a date (2026-01-31, from midnight UTC) or a time with its zone (2026-01-31T20:00Z, 2026-01-31T20:00:00+01:00).';

/**
 * An option's `2026-01-31` (midnight UTC) or RFC 3339, seconds optional. A time without a zone would be another in each
 * shell, and JavaScript takes 2026-02-30 for 2 March: neither is guessed.
 */
export function parseTime(value: string): Date {
  const match = FORM.exec(value);
  if (!match) throw new InvalidArgumentError(ACCEPTED);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0;
  if (!isReal || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59)
    throw new InvalidArgumentError(`There is no such day or time. ${ACCEPTED}`);
  return new Date(value);
}
