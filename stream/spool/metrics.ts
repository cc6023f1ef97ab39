import { counter, gauge } from '../../metrics/registry.ts';

export const appended = counter('pistats_spool_appended_total', 'Records written to the spool');
export const fsyncs = counter('pistats_spool_fsyncs_total', 'fsyncs of the spool; requests share them');
export const drained = counter('pistats_spool_drained_total', 'Records that Kinesis took from the spool');
export const diskErrors = counter(
  'pistats_spool_disk_errors_total',
  'Writes and fsyncs of the spool that failed',
);
export const unreadable = counter(
  'pistats_spool_unreadable_total',
  'Records that could not be read back; their segment is kept as *.damaged',
);

/** @param read what the gauges show when they are asked for */
export function showSpool(
  read: () => { bytes: number; records: number; oldestAt: number | undefined },
): void {
  gauge('pistats_spool_bytes', 'Bytes of the segments on disk', [], function () {
    this.set(read().bytes);
  });
  gauge('pistats_spool_records', 'Records that Kinesis has not taken yet', [], function () {
    this.set(read().records);
  });
  gauge('pistats_spool_oldest_age_seconds', 'Age of the oldest of these records', [], function () {
    const { oldestAt } = read();
    this.set(oldestAt === undefined ? 0 : (Date.now() - oldestAt) / 1_000);
  });
}
