import { counter, gauge, histogram } from '../metrics.ts';

const byFunction = ['function'];
export const invocations = counter('pistats_invocations_total', 'Invocations sent to Lambda', byFunction);
export const batchSize = histogram(
  'pistats_batch_size',
  'Requests an invocation carried',
  byFunction,
  [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
);
export const queued = gauge('pistats_queue_depth', 'Requests that wait for an invocation', byFunction);
export const inFlight = gauge('pistats_invocations_in_flight', 'Invocations under way', byFunction);
export const inFlightLimit = gauge(
  'pistats_invocations_in_flight_limit',
  'Invocations that may be under way now',
  byFunction,
);
export const waitSeconds = histogram(
  'pistats_queue_wait_seconds',
  'How long the oldest request of a batch had waited when it left',
  byFunction,
  [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
);
export const retried = counter(
  'pistats_retried_total',
  'Batches that timed out and went again in parts',
  byFunction,
);
export const shed = counter(
  'pistats_shed_total',
  'Requests answered 503 because the queue was full',
  byFunction,
);
export const throttled = counter('pistats_throttled_total', 'Invocations that Lambda throttled', byFunction);
export const bisected = counter('pistats_bisected_total', 'Batches that failed and were halved', byFunction);
export const invocationSeconds = histogram(
  'pistats_invocation_seconds',
  'How long an invocation took',
  byFunction,
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
);
