/**
 * A row of `events`. `received_at` is the gateway's first receipt, `accepted_at` just before it was made durable, and
 * `occurred_at` the event's own time; `stored_at` is set by the database.
 */
export interface EnrichedEvent {
  client_id: string;
  /** yyyy-mm-dd: the UTC date inside the UUIDv7 */
  day: string;
  event_id: string;
  type: string;
  property: string | null;
  user_id: string | null;
  device_id: string | null;
  installation_id: string | null;
  session_id: string | null;
  /** the event's number within its session, from 1: a gap is an event that was lost on the way here */
  seq: number | null;
  /** `<name>/<version>` */
  sdk: string | null;
  request_id: string | null;
  /** RFC 3339 */
  occurred_at: string;
  received_at: string;
  /** null of a record from before this was stamped */
  accepted_at: string | null;
  /** ISO 3166-1 alpha-2 */
  country: string | null;
  /** CIDR: /24 of an IPv4, /48 of an IPv6 address */
  ip_prefix: string | null;
  device_class: DeviceClass;
  browser: string | null;
  os: string | null;
  is_bot: boolean;
  /** what gave the bot away */
  bot_reason: string | null;
  page_host: string | null;
  page_path: string | null;
  referrer_host: string | null;
  utm_source: string | null;
  utm_medium: string | null;
  utm_campaign: string | null;
  utm_term: string | null;
  utm_content: string | null;
  /** JSON text */
  data: string;
  producer: string;
  boot: string;
  /** digits: a bigint */
  n: string;
}

export type DeviceClass = 'desktop' | 'mobile' | 'tablet' | 'tv' | 'bot' | 'other';

/** Column and PostgreSQL type, in the order in which a tuple carries the values. */
export const EVENT_COLUMNS = {
  client_id: 'text',
  day: 'date',
  event_id: 'uuid',
  type: 'text',
  property: 'text',
  user_id: 'text',
  device_id: 'text',
  installation_id: 'text',
  session_id: 'text',
  seq: 'integer',
  sdk: 'text',
  request_id: 'text',
  occurred_at: 'timestamptz',
  received_at: 'timestamptz',
  accepted_at: 'timestamptz',
  country: 'text',
  ip_prefix: 'cidr',
  device_class: 'text',
  browser: 'text',
  os: 'text',
  is_bot: 'boolean',
  bot_reason: 'text',
  page_host: 'text',
  page_path: 'text',
  referrer_host: 'text',
  utm_source: 'text',
  utm_medium: 'text',
  utm_campaign: 'text',
  utm_term: 'text',
  utm_content: 'text',
  data: 'jsonb',
  producer: 'text',
  boot: 'uuid',
  n: 'bigint',
} as const satisfies Record<keyof EnrichedEvent, string>;

export const EVENT_COLUMN_NAMES = Object.keys(EVENT_COLUMNS) as (keyof EnrichedEvent)[];
