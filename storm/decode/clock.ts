import { CLOCK_AHEAD_MS, CLOCK_BEHIND_MS, uuidv7Time } from '../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../contracts/stamped-event.ts';

/**
 * The day an event is stored under, from the time inside its id, or why its clock is not believed. The bounds keep
 * a device with a wrong clock from opening partitions in other years, and a replay from being stored a second time
 * under another day.
 */
export function eventDay(
  event: Pick<StampedEvent, 'id' | 'receivedtime'>,
): { day: string } | { detail: string } {
  const time = uuidv7Time(event.id) as number;
  const age = Date.parse(event.receivedtime) - time;
  if (age > CLOCK_BEHIND_MS) return { detail: `the id is ${Math.round(age / 1_000)} s behind the receipt` };
  if (age < -CLOCK_AHEAD_MS)
    return { detail: `the id is ${Math.round(-age / 1_000)} s ahead of the receipt` };
  return { day: new Date(time).toISOString().slice(0, 10) };
}
