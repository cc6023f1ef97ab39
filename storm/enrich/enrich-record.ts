import type { StampedEvent } from '../../contracts/stamped-event.ts';
import { decodeRecord, rejectRecord, tripleId } from '../decode/decode-record.ts';
import { withoutClientIp } from '../decode/redact.ts';
import { type RejectedEvent, reject } from '../decode/rejected.ts';
import type { RawRecord } from '../spout/record-batch.ts';
import { enrich } from './enrich.ts';
import type { EnrichedBatch } from './enriched-batch.ts';

/**
 * What one Kinesis record comes to. Never throws: a tuple that fails comes again, and one that always fails would hold
 * up its shard for ever. Nesting so deep that it overflows the stack is one way for data to be such a poison.
 */
export function enrichRecord(record: RawRecord, countryOf: (ip: string) => string | null): EnrichedBatch {
  try {
    const { events, rejected } = decodeRecord(record);
    const batch: EnrichedBatch = { events: [], rejected };
    for (const decoded of events) {
      try {
        batch.events.push(enrich(decoded, countryOf));
      } catch (error) {
        batch.rejected.push(unenrichable(decoded.event, error as Error));
      }
    }
    return batch;
  } catch (error) {
    return { events: [], rejected: [rejectRecord(record, `decoding failed: ${(error as Error).message}`)] };
  }
}

function unenrichable(event: StampedEvent, { message }: Error): RejectedEvent {
  const { producer, boot, n, clientid: client_id } = event;
  const source = { source_id: tripleId(event), producer, boot, n, client_id };
  const payload = { payload: withoutClientIp(event), payload_encoding: 'json' as const };
  return reject(source, 'invalid', `the enrichment failed: ${message}`, payload);
}
