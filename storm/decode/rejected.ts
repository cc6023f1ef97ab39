/**
 * Why something on the stream is no row in `events`:
 * `decode`: the record is no JSON array; `invalid`: an event lacks a field or has a wrong one; `clock`: its id's time
 * is too far from the gateway's receipt; `unstorable`: the database refuses the row, whatever is tried.
 */
export type RejectReason = 'decode' | 'invalid' | 'clock' | 'unstorable';

/** A row of `rejected_events`. */
export interface RejectedEvent {
  /** `<producer>/<boot>/<n>` where these are known, else `<stream shard>/<sequence>[/<index>]` */
  source_id: string;
  reason: RejectReason;
  detail: string;
  code_version: string;
  /** without the client's IP */
  payload: string;
  payload_encoding: 'json' | 'text' | 'base64';
  producer: string | null;
  boot: string | null;
  n: string | null;
  client_id: string | null;
  /** the gateway's receipt (RFC 3339) where one could be read */
  received_at: string | null;
}

/** The client and the receipt of something rejected, as far as the table can hold them. */
export function originOf(client: unknown, receipt: unknown): { client_id?: string; received_at?: string } {
  const time = typeof receipt === 'string' ? new Date(receipt) : undefined;
  const received = time && !Number.isNaN(time.getTime()) ? time.toISOString() : '';
  return {
    client_id: typeof client === 'string' && !client.includes('\u0000') ? client : undefined,
    // JavaScript knows years that PostgreSQL writes otherwise
    received_at: /^(19|2\d)\d\d-/.test(received) ? received : undefined,
  };
}

declare const PISTATS_CODE_VERSION: string | undefined;
/** Set by the build: the product's version and a digest of the components' sources. */
export const CODE_VERSION = typeof PISTATS_CODE_VERSION === 'string' ? PISTATS_CODE_VERSION : 'development';

const MAX_DETAIL = 500;

export function reject(
  source: {
    source_id: string;
    producer?: string;
    boot?: string;
    n?: string;
    client_id?: string;
    received_at?: string;
  },
  reason: RejectReason,
  detail: string,
  payload: Pick<RejectedEvent, 'payload' | 'payload_encoding'>,
): RejectedEvent {
  return {
    source_id: source.source_id,
    reason,
    // U+0000 can't be in a text of PostgreSQL
    detail: detail.replaceAll('\u0000', '\ufffd').slice(0, MAX_DETAIL),
    code_version: CODE_VERSION,
    ...payload,
    producer: source.producer ?? null,
    boot: source.boot ?? null,
    n: source.n ?? null,
    client_id: source.client_id ?? null,
    received_at: source.received_at ?? null,
  };
}
