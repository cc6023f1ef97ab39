import { counter, gauge, histogram } from '../../metrics/registry.ts';
import type { Backlog } from './fair-queue.ts';

const byFunction = ['function'];
/**
 * Clients are no label: there are too many. `busiest` is the client with the most requests in the queue, `others` are all the
 * rest; were the queue unfair, the others would be as old as the busiest.
 */
const byClass = ['function', 'class'];
const queues = new Map<string, () => Backlog>();

/** Depth and age of a function's queue are read when they are asked for: a queue that stands still ages, too. */
export function watchQueue(functionName: string, backlog: () => Backlog): void {
  queues.set(functionName, backlog);
}
export const invocations = counter('pistats_invocations_total', 'Invocations sent to Lambda', byFunction);
export const batchSize = histogram(
  'pistats_batch_size',
  'Requests an invocation carried',
  byFunction,
  [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
);
gauge('pistats_queue_depth', 'Requests that wait for an invocation', byClass, function () {
  for (const [name, backlog] of queues)
    for (const [kind, { items }] of Object.entries(backlog()))
      this.set({ function: name, class: kind }, items);
});
gauge(
  'pistats_queue_age_seconds',
  'How long the oldest request in the queue has waited',
  byClass,
  function () {
    for (const [name, backlog] of queues)
      for (const [kind, { since }] of Object.entries(backlog()))
        this.set({ function: name, class: kind }, since === null ? 0 : (performance.now() - since) / 1_000);
  },
);
export const inFlight = gauge('pistats_invocations_in_flight', 'Invocations under way', byFunction);
export const inFlightLimit = gauge(
  'pistats_invocations_in_flight_limit',
  'Invocations that may be under way now',
  byFunction,
);
export const waitSeconds = histogram(
  'pistats_queue_wait_seconds',
  'How long the oldest request of a batch and class had waited when it left',
  byClass,
  [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
);
export const retried = counter(
  'pistats_retried_total',
  'Batches that timed out and went again in parts',
  byFunction,
);
export const shed = counter(
  'pistats_shed_total',
  'Requests answered 503 because the queue was full or their deadline came while they waited',
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
/** Lambda's Init phase, https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html; its count is cold starts. */
export const initSeconds = histogram(
  'pistats_cold_start_seconds',
  'How long a new environment of the function took to initialise',
  byFunction,
  [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
);
