/**
 * CloudEvents 1.0 as piStats stores them. A function makes a fact (`Fact`); the gateway adds what only it
 * knows (`StampedEvent`, contracts/stamped-event.ts) and puts one JSON batch a request on the stream.
 */
export interface Fact {
  specversion: '1.0';
  /** UUIDv7; its timestamp decides the day under which the event is stored */
  id: string;
  /** `/clients/<client>/properties/<property>` */
  source: string;
  type: FactType | `client.${string}`;
  /** RFC 3339, when it happened */
  time: string;
  /** the user's id where there is one */
  subject?: string;
  datacontenttype: 'application/json';
  data: Record<string, unknown>;
  /** of the request's `context`: extension attributes, whose names CloudEvents wants in small letters */
  installationid?: string;
  deviceid?: string;
  sessionid?: string;
  /** `<name>/<version>` */
  sdk?: string;
  /** the event's number within its session, from 1 */
  seq?: number;
}

/** PostgreSQL's integer, and CloudEvents' */
export const MAX_SEQ = 2 ** 31 - 1;

/** Facts of ours; what a browser sends is `client.<type>`, so that it can't pose as one of these. */
export type FactType =
  | 'pistats.registration.created'
  | 'pistats.registration.updated'
  | 'pistats.registration.removed'
  | 'pistats.subscription.joined'
  | 'pistats.subscription.left';

/** How far from the gateway's receipt an event id's time may lie; outside it the event is rejected as `clock`. */
export const CLOCK_BEHIND_MS = 7 * 86_400_000;
export const CLOCK_AHEAD_MS = 10 * 60_000;

/** A known registration gives its original fact again within this time; less than CLOCK_BEHIND_MS on purpose. */
export const FACT_WINDOW_MS = 6 * 86_400_000;
/** How long an answer is kept for its idempotency key: the longest time the SDK keeps a request queued. */
export const IDEMPOTENCY_MS = 7 * 86_400_000;

/** A record above this is split by the gateway. Kinesis takes 1 MiB; a quarter keeps batches full and tuples small. */
export const MAX_RECORD_BYTES = 256 * 1024;

/** Milliseconds since the epoch inside a UUIDv7 (RFC 9562, section 5.7), or null when it is none. */
export function uuidv7Time(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)) return null;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
