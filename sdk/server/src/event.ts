import { v7 } from 'uuid';
import type { components } from './api.ts';

export type Event = components['schemas']['EventsRequest']['events'][number];

/** An event of now, or of `at`: its UUIDv7 and its time agree. Sent again with the same id it is the same event. */
export function createEvent(type: string, data?: Event['data'], at: Date = new Date()): Event {
  return { id: v7({ msecs: at.getTime() }), type, time: at.toISOString(), data };
}
