export interface KinesisForwardConfig {
  /** name of the Kinesis data stream */
  stream: string;
  /** `response`: the facts that lambda-invoke left; `events`: the request's own body */
  mode: 'response' | 'events';
  /** how long it may take until the events are durable; after it the client hears 503 */
  deadline_ms: number;
  /** how long Kinesis may take to acknowledge; after it the node's spool is fsynced, and the client hears 2xx for that */
  spool_after_ms: number;
}

export const schema = [
  { stream: { type: 'string', required: true } },
  { mode: { type: 'string', required: true, default: 'response', one_of: ['response', 'events'] } },
  { deadline_ms: { type: 'integer', required: true, default: 10000, between: [100, 60000] } },
  { spool_after_ms: { type: 'integer', required: true, default: 1000, between: [1, 60000] } },
];
