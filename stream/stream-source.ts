/** Reading a stream: its incarnation, its shards, their records. */
export interface StreamSource {
  /**
   * Names this incarnation of the stream: `<name>@<creation time>`. A stream that was deleted and made again has
   * other shards under the same names, and no checkpoint of the old one may be used on it.
   */
  describe(): Promise<string>;
  listShards(): Promise<Shard[]>;
  /**
   * An iterator behind `after`, at the oldest record when it is null, or behind all that is there with LATEST. Throws
   * `TrimmedError` when `after` is unknown.
   */
  iterator(shard: string, after: string | null): Promise<string>;
  /** Throws `ExpiredError` when the iterator is too old, `ThrottledError` when the shard was asked too often or for too much. */
  records(iterator: string): Promise<RecordPage>;
}

export interface Shard {
  id: string;
  /** ids of the shards this one was split or merged from */
  parents: string[];
}

/** In the place of a sequence number, which has digits only: what is put from now on. */
export const LATEST = 'LATEST';

/** A record as it is read. */
export interface ReadRecord {
  partitionKey: string;
  sequence: string;
  data: Uint8Array;
}

export interface RecordPage {
  records: ReadRecord[];
  /** null at the end of a closed shard */
  next: string | null;
  /** how far the page lies behind the tip; undefined where the service does not say */
  behindMs?: number;
}

/** The position is no longer in the stream. Reading from its oldest record is safe: what is stored is stored once. */
export class TrimmedError extends Error {}

/** The iterator is older than five minutes; the position is as good as before. */
export class ExpiredError extends Error {}

/** Asked too often, or for too much; the iterator is as good as before. */
export class ThrottledError extends Error {
  override name = 'ThrottledError';
}
