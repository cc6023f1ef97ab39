/** What is put on the stream as one record. */
export interface StreamRecord {
  partitionKey: string;
  /** JSON: an array of stamped events */
  data: Buffer;
  /** how many there are in `data` */
  events: number;
  client: string;
  /** ms since the epoch */
  receivedAt: number;
  /** n of the first event; those after it follow without a gap */
  from: number;
}
