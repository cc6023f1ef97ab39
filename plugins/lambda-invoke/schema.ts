export interface LambdaInvokeConfig {
  /** name, alias or ARN */
  function: string;
  /** the route's pattern, `{name}` for a path parameter: `/v1/registrations/{id}` */
  path: string;
  /** requests one invocation may carry; 1: no coalescing */
  max_size: number;
  /** invocations of the function at a time, on this node: between these, by AIMD */
  min_in_flight: number;
  max_in_flight: number;
  /** requests that may wait, and their bytes; past either a request is answered 503 `busy` */
  max_queue: number;
  max_queue_bytes: number;
  /** for the whole request, waiting included */
  deadline_ms: number;
  /** answer the client here, where no kinesis-forward follows */
  respond: boolean;
}

export const schema = [
  { function: { type: 'string', required: true } },
  { path: { type: 'string', required: true, starts_with: '/' } },
  { max_size: { type: 'integer', required: true, default: 250, between: [1, 1000] } },
  { min_in_flight: { type: 'integer', required: true, default: 2, between: [1, 1000] } },
  { max_in_flight: { type: 'integer', required: true, default: 8, between: [1, 1000] } },
  { max_queue: { type: 'integer', required: true, default: 10000, between: [1, 1000000] } },
  { max_queue_bytes: { type: 'integer', required: true, default: 67108864, between: [65536, 1073741824] } },
  { deadline_ms: { type: 'integer', required: true, default: 10000, between: [100, 60000] } },
  { respond: { type: 'boolean', required: true, default: false } },
];
