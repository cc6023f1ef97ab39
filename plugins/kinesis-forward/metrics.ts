import { counter } from '../metrics.ts';

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
