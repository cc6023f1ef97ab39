import { counter, gauge, histogram } from '../metrics/registry.ts';

export const records = counter(
  'pistats_kinesis_records_acknowledged_total',
  'Records that Kinesis acknowledged',
);
export const events = counter(
  'pistats_kinesis_events_acknowledged_total',
  'Events that Kinesis acknowledged',
);
export const refused = counter(
  'pistats_kinesis_records_refused_total',
  'Records that were refused and sent again',
);
export const failedCalls = counter(
  'pistats_kinesis_calls_failed_total',
  'PutRecords calls that failed as a whole',
);
export const callSeconds = histogram(
  'pistats_kinesis_call_seconds',
  'How long a PutRecords took',
  [],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
);
export const breakerOpen = gauge(
  'pistats_kinesis_breaker_open',
  '1 while calls fail and records go straight to the spool',
  ['stream'],
);
