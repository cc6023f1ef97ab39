import type { Entry, State } from './store.ts';
import { uuidv7 } from './uuid.ts';

/** A visit ends after so long without an event (as Umami, PostHog and GA4 have it). */
const IDLE_MS = 30 * 60_000;

/** Standard events and what they say; any other name of a-z, 0-9, "_", "." and "-" is the site's own. */
export interface EventData {
  page_view: { page: PageData };
  /** seconds that a page was visible and used, and the deepest scroll in percent, since the last of these */
  engagement: { page: PageData; seconds: number; scroll: number };
  prompt_shown: Record<string, unknown>;
  prompt_dismissed: Record<string, unknown>;
  permission_granted: Record<string, unknown>;
  permission_denied: Record<string, unknown>;
  notification_shown: Record<string, unknown>;
  notification_clicked: Record<string, unknown>;
  notification_dismissed: Record<string, unknown>;
}

export interface PageData {
  url: string;
  referrer?: string;
  title?: string;
}

/** An event as it waits. */
export interface QueuedEvent {
  id: string;
  type: string;
  time: string;
  /** none: made as its page ended */
  seq?: number;
  data: Record<string, unknown>;
  session: string;
  /** of the clock by which id and time were made; undefined while the server's was not known */
  offset?: number;
  /** the user's id and the device's, as they were then */
  userId?: string;
  deviceId?: string;
}

/** The event's entry, numbered in its session; changes `state`. */
export function newEvent(
  state: State,
  type: string,
  data: Record<string, unknown>,
  userId: string | undefined,
): Entry {
  const at = Date.now();
  const { offset } = state;
  let session = state.session;
  // a clock that was set back must not make a visit endless
  if (!session || Math.abs(at - session.at) > IDLE_MS)
    session = { id: uuidv7(at + (offset ?? 0)), seq: 0, at };
  state.session = { ...session, seq: session.seq + 1, at };
  const body: QueuedEvent = {
    ...stamp(at, offset),
    type,
    seq: state.session.seq,
    data,
    session: session.id,
    userId,
    deviceId: state.registration?.deviceId,
  };
  return { kind: 'event', at, size: JSON.stringify(body).length, body };
}

/** Id and time by the server's clock, as far as it is known. */
export function stamp(at: number, offset: number | undefined): Pick<QueuedEvent, 'id' | 'time' | 'offset'> {
  const ms = Math.round(at + (offset ?? 0));
  return { id: uuidv7(ms), time: new Date(ms).toISOString(), offset };
}
